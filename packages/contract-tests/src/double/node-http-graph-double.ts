import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { arrayBuffer } from 'node:stream/consumers'
import type { GraphDouble } from './msw-graph-double.js'

/** A Graph double that listens. */
export interface ListeningGraphDouble {
  /** `http://127.0.0.1:` and the port, without a slash at its end. */
  readonly url: string
  /** Ends open connections too. Once it is done nothing listens any more; to stop twice is harmless. */
  readonly stop: () => Promise<void>
}

/**
 * Serves a double on loopback, for clients that msw cannot intercept (those of the npm package undici), in other
 * processes, or in other languages. Without a port the system chooses one. Rejects when the port is taken.
 */
export const listenGraphDouble = async (
  double: Pick<GraphDouble, 'answer'>,
  options: { readonly port?: number } = {},
): Promise<ListeningGraphDouble> => {
  const server = createServer((request, response) => void serve(double, request, response))
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${portOf(server)}`, stop: () => close(server) }
}

/** Rejects for our own mistakes alone, and leaves them unhandled on purpose: they must not look like a fault of Graph. */
const serve = async (
  { answer }: Pick<GraphDouble, 'answer'>,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const request = await requestOf(message)
  if (request === undefined) {
    response.destroy()
    return
  }
  try {
    const answered = await answer(request, message.url)
    response.statusCode = answered.status
    response.setHeaders(answered.headers)
    // As bytes: text() would take a byte order mark away.
    response.end(new Uint8Array(await answered.arrayBuffer()))
  } catch (mistake) {
    response.destroy()
    throw mistake
  }
}

/** Undefined if the client goes away before its body is here, or for TRACE, which fetch cannot express. */
const requestOf = async (message: IncomingMessage): Promise<Request | undefined> => {
  try {
    const { method = '', rawHeaders, url: target = '' } = message
    const body = await arrayBuffer(message)
    const headers = new Headers()
    for (let index = 0; index < rawHeaders.length; index += 2) {
      headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
    }
    // Whatever is no path (`*`, a whole URL) becomes one that differs from the target, which is what the double looks at.
    const url = new URL(target.startsWith('/') ? `http://127.0.0.1${target}` : 'http://127.0.0.1')
    return new Request(url, { method, headers, body: method === 'GET' || method === 'HEAD' ? null : body })
  } catch {
    return undefined
  }
}

const portOf = (server: Server): number => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
  return address.port
}

const close = async (server: Server): Promise<void> => {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
