import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ProxyError, requestMalformed } from '../domain/proxy-error.js'
import type { Reply } from '../domain/reply.js'
import type { Conversations, Verdict } from './conversations.js'

/** What the parser refused before there was a request: it is recorded, and answered where HTTP allows. */
export type RefuseConnection = (refused: {
  readonly error: ProxyError
  readonly reason: string
  readonly peer: string
}) => Promise<Reply>

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name)

const errorOf = (code: string): ProxyError => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { _tag: 'HeadersTooLarge' }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { _tag: 'BodyNotReceived', why: 'timeout' }
    case 'HPE_INVALID_EOF_STATE':
    case 'ECONNRESET':
    case 'EPIPE':
      return { _tag: 'BodyNotReceived', why: 'clientClosed' }
    default:
      return requestMalformed('This is no HTTP request that can be read.')
  }
}

const print = ({ body, headers, status }: Reply): string =>
  [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries({
      ...headers,
      'Content-Length': String(Buffer.byteLength(body)),
      Connection: 'close',
    }).map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n')

const lingerInMs = 1_000

/** Half a connection may be all that is left of it, so it is ended from here, soon after the client could read this. */
const answer = (socket: Duplex, reply: Reply): void => {
  if (socket.writable) socket.end(print(reply))
  socket.resume()
  setTimeout(() => socket.destroy(), lingerInMs).unref()
}

const peerOf = (socket: Duplex): string =>
  'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : ''

/**
 * Node's HTTP server with its limits set: headers within 10 s and 16 KiB, the whole request within 30 s. What its
 * parser refuses, and CONNECT, which never become requests, are answered in the same shape as all else. A client that
 * has sent its request and half-closes gets its reply.
 */
export const nodeHttpServer = (
  listener: RequestListener,
  conversations: Conversations,
  refuse: RefuseConnection,
): Server => {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16 * 1024,
      // Node would answer a request without one by itself, without a record: ours is looked for when it arrives.
      requireHostHeader: false,
    },
    listener,
  )
  // Node would silently leave out the headers above its own limit; ours are counted when the request arrives.
  server.maxHeadersCount = 0
  Object.assign(server, { httpAllowHalfOpen: true })

  server.on('connection', conversations.open)

  const say = (verdict: Verdict, socket: Duplex, error: ProxyError, reason: string): void => {
    void refuse({ error, reason, peer: peerOf(socket) }).then((reply) => {
      if (verdict === 'alone') answer(socket, reply)
    })
  }

  server.on('clientError', (error: Error, socket: Socket) => {
    const code = codeOf(error)
    const refused = errorOf(code)
    const verdict = conversations.judge(socket, refused)
    if (verdict === undefined || verdict === 'answersItself') return
    // A connection that was dropped asks for nothing; what was asked before goes on.
    if (verdict === 'nothingToSay' || code === 'ECONNRESET' || code === 'EPIPE' || !socket.writable) {
      socket.destroySoon()
      return
    }
    say(verdict, socket, refused, code)
  })

  server.on('connect', (_request, socket: Socket) => {
    // Node lets go of the socket here, its error listener included.
    socket.on('error', () => socket.destroy())
    const refused: ProxyError = { _tag: 'MethodNotAllowed' }
    const verdict = conversations.judge(socket, refused)
    if (verdict !== undefined) say(verdict, socket, refused, 'CONNECT')
  })

  // A client that asks first whether to send its body is told when the body is read: after it has proved who it is.
  server.on('checkContinue', listener)
  server.on('checkExpectation', listener)

  return server
}

/** Listens, and says where: port 0 takes any that is free. */
export const listen = (
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      const actual = typeof address === 'object' && address !== null ? address.port : port
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${String(actual)}`)
    })
  })

/** Listens no more, and ends all connections. */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
