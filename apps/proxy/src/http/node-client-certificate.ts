import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** A connection that is gone no longer has its certificate, and what was wrong with it may be told only then. */
const known = new WeakMap<TLSSocket, string>()

const lookedAt = (socket: TLSSocket): string | undefined => {
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
  if (fingerprint !== undefined) known.set(socket, fingerprint)
  return fingerprint
}

/**
 * SHA-256 of the certificate that the other end has proved to hold the key of, in lower-case hex: what
 * `openssl x509 -fingerprint -sha256` prints, without the colons. Undefined where clients are asked for none.
 */
export const clientCertificateOf = (socket: Duplex): string | undefined =>
  socket instanceof TLSSocket && socket.authorized ? (known.get(socket) ?? lookedAt(socket)) : undefined
