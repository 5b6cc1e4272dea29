import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { trustCertificate } from '@device-install-state/identity-provider'
import { generate } from 'selfsigned'

/** TLS in front of a server that speaks plain HTTP: what comes out of the one goes into the other, byte for byte. */
export interface TlsFront {
  readonly url: string
  /** What clients sent, in the clear, all connections together. */
  readonly received: () => string
  readonly stop: () => Promise<void>
}

// With a name of its own: of two that are called the same, OpenSSL looks at the first alone.
const newCertificate = () =>
  generate([{ name: 'commonName', value: randomUUID() }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })

/** Makes a certificate for 127.0.0.1 that this process trusts until the front is stopped. */
export const startTlsFront = async (plainUrl: string): Promise<TlsFront> => {
  const { cert, private: key } = await newCertificate()
  const distrust = trustCertificate(cert)

  const sockets = new Set<Socket>()
  const received: Array<Buffer> = []
  const server = createServer({ key, cert }, (outer) => {
    const inner = connect(Number(new URL(plainUrl).port), '127.0.0.1')
    const both = [outer, inner]
    for (const socket of both) {
      sockets.add(socket)
      // An end that breaks off takes the other with it; who asked finds out by itself.
      socket.on('error', () => both.forEach((end) => end.destroy()))
      socket.on('close', () => sockets.delete(socket))
    }
    outer.on('data', (chunk: Buffer) => received.push(chunk))
    outer.pipe(inner).pipe(outer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => Buffer.concat(received).toString('utf8'),
    stop: async () => {
      distrust()
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
