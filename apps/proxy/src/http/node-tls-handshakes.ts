import type { Server } from 'node:https'
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Conversations } from './conversations.js'

/** A connection on which no HTTP was spoken. */
export interface HandshakeFailure {
  /** Node's, OpenSSL's or X.509's name for why. */
  readonly why: string
  readonly peer: string
  /** Writes at once, unencrypted, to what is still there of the connection. */
  readonly write: (text: string) => void
}

/**
 * The connection below. Node has no public name for it, and tells of a handshake that failed only when the addresses are gone;
 * a test notices should this come to an end.
 */
const below = (socket: TLSSocket): Socket | undefined =>
  '_parent' in socket && socket._parent instanceof Socket ? socket._parent : undefined

// What is wrong with a client's certificate is known by its own code; the one of the error says no more than that it was hung up.
const reasonOf = (error: Error, { authorizationError }: TLSSocket): string => {
  const why: unknown = authorizationError
  if (typeof why === 'string') return why
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** How long a connection is kept on which TLS has failed, for what can still be said. */
const lastWordsInMs = 1_000

/**
 * Keeps account of handshakes: those that succeed become conversations, those that fail are told. A connection that is closed
 * before a byte has come, as by a balancer that looks whether the port is open, is no failure.
 */
export const watchHandshakes = (
  server: Server,
  conversations: Conversations,
  tell: (failure: HandshakeFailure) => void,
): void => {
  const peers = new WeakMap<Socket, string>()

  server.on('connection', (raw: Socket) => {
    // Asked for now: it is not known any more once the connection is gone.
    peers.set(raw, raw.remoteAddress ?? '')
    conversations.greet(raw)
  })

  server.on('secureConnection', (socket: TLSSocket) => {
    const raw = below(socket)
    if (raw !== undefined) conversations.greeted(raw)
    // It was reset in the meantime, of which Node would not tell: what is written to it is kept.
    if (socket.remotePort === undefined) socket.destroy()
    // Node does not end it then, and a reply may never be gone.
    socket.on('error', () => setTimeout(() => socket.destroy(), lastWordsInMs).unref())
    // Only now: a connection that is half closed before would be kept until the handshake's time is over.
    socket.allowHalfOpen = true
    conversations.open(socket)
  })

  // Node's own listener would tell of it as of a request that cannot be read.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    const raw = below(socket)
    if (raw?.bytesRead !== 0)
      tell({
        why: reasonOf(error, socket),
        peer: (raw && peers.get(raw)) ?? '',
        write: (text) => {
          if (raw?.writable === true) raw.write(text)
        },
      })
    socket.destroy()
  })
}
