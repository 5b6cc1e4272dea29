import { Agent, type buildConnector, fetch } from 'undici'

const largestInBytes = 256 * 1024

export interface UndiciBoundedFetch {
  /**
   * fetch for documents and tokens of the identity provider: an answer of more than 256 KiB is an error, and redirects are
   * not followed. Rejects as fetch does.
   */
  readonly fetch: (
    url: string,
    options: {
      readonly body?: URLSearchParams | undefined
      readonly headers: Headers | Record<string, string>
      readonly method: string
      readonly signal?: AbortSignal
    },
  ) => Promise<Response>
  /** Ends what is still in flight, too. */
  readonly close: () => Promise<void>
}

/**
 * undici's own fetch over connections that are given to it. Node's fetch is of another undici, which such connections may
 * not be handed to, and can be made to read the proxy from the environment.
 */
export const undiciBoundedFetch = (connect: buildConnector.connector): UndiciBoundedFetch => {
  const dispatcher = new Agent({ connect, allowH2: false })
  return {
    fetch: async (url, { body, headers, method, signal }) => {
      const response = await fetch(url, {
        dispatcher,
        headers: Object.fromEntries(new Headers(headers)),
        method,
        redirect: 'error',
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      })
      const chunks: Array<Uint8Array<ArrayBuffer>> = []
      let size = 0
      const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined = response.body?.getReader()
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
        size += read.value.byteLength
        if (size > largestInBytes) {
          await reader?.cancel()
          throw new Error(`${new URL(url).origin} answered more than 256 KiB`)
        }
        chunks.push(read.value)
      }
      return new Response(new Blob(chunks), {
        status: response.status,
        headers: Object.fromEntries(response.headers),
      })
    },
    close: () => dispatcher.destroy(),
  }
}
