const largestInBytes = 256 * 1024

/**
 * fetch for documents of the identity provider: an answer of more than 256 KiB is an error, and redirects are not
 * followed. Rejects as fetch does.
 */
export const boundedFetch = async (
  url: string,
  {
    body,
    headers,
    method,
    signal,
  }: {
    readonly body?: URLSearchParams | undefined
    readonly headers: Headers | Record<string, string>
    readonly method: string
    readonly signal?: AbortSignal
  },
): Promise<Response> => {
  const response = await fetch(url, {
    headers,
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
  return new Response(new Blob(chunks), { status: response.status, headers: response.headers })
}
