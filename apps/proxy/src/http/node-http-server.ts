import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import type { DropArgument, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ProxyError, requestMalformed } from '../domain/proxy-error.js'
import type { Reply } from '../domain/reply.js'
import type { Conversations, Verdict } from './conversations.js'
import { clientCertificateOf } from './node-client-certificate.js'
import type { TlsFiles } from './node-tls-files.js'
import { type HandshakeFailure, watchHandshakes } from './node-tls-handshakes.js'

/** What never became a request. */
export interface RefusedConnection {
  readonly error: ProxyError
  readonly reason: string
  readonly peer: string
  /** SHA-256 of the client's certificate, if it had to have one. */
  readonly clientCertificate?: string
}

/** Records it, and says what is to be answered where HTTP allows. */
export type RefuseConnection = (refused: RefusedConnection) => {
  readonly reply: Reply
  readonly recorded: Promise<void>
}

/** What a connection may cost. Node's own limits are too wide for us, or none. */
export interface HttpLimits {
  /** From the connection, or the end of the request before, to the end of the headers. */
  readonly headersTimeoutInMs: number
  /** The same to the end of the body. */
  readonly requestTimeoutInMs: number
  /** How often it is looked which of these are over. */
  readonly checkEveryInMs: number
  /** Between a reply and the next request. */
  readonly keepAliveTimeoutInMs: number
  /** While nothing at all comes or goes: longer than a call to Graph may take. */
  readonly silenceTimeoutInMs: number
  /** From the connection to the end of the TLS handshake. */
  readonly handshakeTimeoutInMs: number
  /** Of the request line with all headers. How many they may be is for `arrive/`. */
  readonly mostHeaderBytes: number
  /** The last reply says that it is the last. */
  readonly mostRequestsPerConnection: number
}

export const httpLimits: HttpLimits = {
  headersTimeoutInMs: 10_000,
  requestTimeoutInMs: 30_000,
  checkEveryInMs: 1_000,
  keepAliveTimeoutInMs: 5_000,
  silenceTimeoutInMs: 180_000,
  handshakeTimeoutInMs: 10_000,
  mostHeaderBytes: 16 * 1024,
  mostRequestsPerConnection: 1_000,
}

/** What clients are shown, and what they are asked for. */
export interface ServerTls {
  readonly files: TlsFiles
  /** Clients must have a certificate of the authorities in the files. */
  readonly demandsCertificate: boolean
}

interface HttpServerOptions {
  readonly limits?: HttpLimits
  /** More are closed as they come. */
  readonly mostConnections?: number
  /** Undefined: plain HTTP. */
  readonly tls?: ServerTls | undefined
}

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

/** Over TLS a reply cannot be told to who does not speak it; a client that meant another scheme can read this. */
const isPlainHttp = ({ why }: HandshakeFailure): boolean =>
  why === 'ERR_SSL_HTTP_REQUEST' || why === 'ERR_SSL_HTTPS_PROXY_REQUEST'

const secureContextOf = ({ demandsCertificate, files }: ServerTls) => ({
  cert: files.certificate,
  key: files.key,
  ca: demandsCertificate ? files.clientCa : undefined,
  minVersion: 'TLSv1.2' as const,
})

const serverWith = (
  listener: RequestListener,
  { limits = httpLimits, mostConnections, tls }: HttpServerOptions,
): Server => {
  const options = {
    headersTimeout: limits.headersTimeoutInMs,
    requestTimeout: limits.requestTimeoutInMs,
    connectionsCheckingInterval: limits.checkEveryInMs,
    keepAliveTimeout: limits.keepAliveTimeoutInMs,
    maxHeaderSize: limits.mostHeaderBytes,
    // Node would answer a request without one by itself, without a record: ours is looked for when it arrives.
    requireHostHeader: false,
  }
  const server =
    tls === undefined
      ? createServer(options, listener)
      : createHttpsServer(
          {
            ...options,
            ...secureContextOf(tls),
            handshakeTimeout: limits.handshakeTimeoutInMs,
            ALPNProtocols: ['http/1.1'],
            requestCert: tls.demandsCertificate,
            rejectUnauthorized: true,
          },
          listener,
        )
  if (mostConnections !== undefined) server.maxConnections = mostConnections
  // A client that does not read its replies would else keep its connection for ever: to Node it is not idle.
  server.timeout = limits.silenceTimeoutInMs
  // Node would silently leave out the headers above its own limit; ours are counted when the request arrives.
  server.maxHeadersCount = 0
  Object.assign(server, { httpAllowHalfOpen: true })
  return server
}

const speaksTls = (server: Server): server is HttpsServer => server instanceof HttpsServer

/** Shows other certificates, and asks for those of other authorities, from the next connection on. Those that are open stay. */
export const renewTls = (server: Server, tls: ServerTls): void => {
  if (speaksTls(server)) server.setSecureContext(secureContextOf(tls))
}

/**
 * Node's server for HTTP or HTTPS (TLS 1.2 at least, HTTP/1.1 alone) with its limits set. What its parser refuses, and CONNECT,
 * which never become requests, are answered in the same shape as all else; handshakes that fail, and connections that are too
 * many, are told. A client that has sent its request and half-closes gets its reply.
 */
export const nodeHttpServer = (
  listener: RequestListener,
  conversations: Conversations,
  refuse: RefuseConnection,
  options: HttpServerOptions = {},
): Server => {
  const server = serverWith(listener, options)

  if (speaksTls(server))
    watchHandshakes(server, conversations, (failure) => {
      const { peer, why, write } = failure
      const { reply } = refuse({ error: { _tag: 'TlsHandshakeFailed' }, reason: why, peer })
      // Node closes the connection when this returns, so the reply does not wait for its record.
      if (isPlainHttp(failure)) write(print(reply))
    })
  else server.on('connection', conversations.open)

  server.on('drop', (dropped?: DropArgument) => {
    refuse({
      error: { _tag: 'TooManyConnections' },
      reason: 'CALLER_MAX_CONNECTIONS',
      peer: dropped?.remoteAddress ?? '',
    })
  })

  const say = (verdict: Verdict, socket: Duplex, error: ProxyError, reason: string): void => {
    const clientCertificate = clientCertificateOf(socket)
    const { recorded, reply } = refuse({
      error,
      reason,
      peer: peerOf(socket),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    })
    void recorded.then(() => {
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
    // Node would end our half when the client has ended its own, since it knows of no answer that is still to come.
    if (verdict === 'alone') socket.removeAllListeners('end')
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

export interface Where {
  readonly host: string
  readonly port: number
}

const hostIn = (host: string): string => (host.includes(':') ? `[${host}]` : host)

const whyNot = (code: string): string => {
  switch (code) {
    case 'EADDRINUSE':
      return 'another process listens there'
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    case 'EACCES':
      return 'this process may not; a port above 1023 needs no rights'
    default:
      return 'is it an address of this machine?'
  }
}

/** Listens, and says where: port 0 takes any that is free. Rejects with an error in words for the operator. */
export const listen = (server: Server, { host, port }: Where): Promise<string> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const code = codeOf(error)
      reject(new Error(`${hostIn(host)}:${String(port)}: ${whyNot(code)} (${code})`, { cause: error }))
    }
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      const address = server.address()
      const actual = typeof address === 'object' && address !== null ? address.port : port
      const scheme = speaksTls(server) ? 'https' : 'http'
      resolve(`${scheme}://${hostIn(host)}:${String(actual)}`)
    })
  })

/** Listens no more, and ends all connections. */
export const closeServer = (server: Server, conversations?: Conversations): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    conversations?.endHandshakes()
    server.closeAllConnections()
  })
