import { createServer, type Server, type Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** A server that answers as raw as it is told to: what an HTTP library would never send can be sent. */
export interface ScriptedServer {
  readonly url: string
  readonly port: number
  /** All bytes that arrived, connection by connection; below TLS, if it is spoken: what came out of it. */
  readonly received: ReadonlyArray<string>
  readonly connections: () => number
  readonly stop: () => Promise<void>
}

/** Called when a whole request (head and Content-Length body) has arrived on a connection. */
export type Script = (socket: Socket, request: string) => void

const isWhole = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n')
  const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0)
  return end >= 0 && Buffer.byteLength(text.slice(end + 4)) >= length
}

/** Listens on loopback, on a port that the system chooses; speaks TLS if it is told how. */
export const scriptedServer = (
  script: Script,
  onConnection: (socket: Socket) => void = () => undefined,
  tls?: TlsOptions,
): Promise<ScriptedServer> =>
  new Promise((resolve) => {
    const received: Array<string> = []
    const sockets = new Set<Socket>()
    const serve = (socket: Socket): void => {
      const index = received.push('') - 1
      sockets.add(socket)
      socket.on('error', () => undefined)
      onConnection(socket)
      let pending = ''
      // A character may come in two pieces.
      const decoder = new StringDecoder('utf8')
      socket.on('data', (chunk) => {
        const text = decoder.write(chunk)
        received[index] += text
        pending += text
        if (!isWhole(pending)) return
        const request = pending
        pending = ''
        script(socket, request)
      })
    }
    const server: Server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
    // Of TLS: those that never came so far as to be served.
    server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      resolve({
        url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`,
        port,
        received,
        connections: () => received.length,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped())
            for (const socket of sockets) socket.destroy()
          }),
      })
    })
  })

/** A response as text, with its Content-Length. */
export const httpResponse = (status: string, headers: Readonly<Record<string, string>>, body: string): string =>
  [
    `HTTP/1.1 ${status}`,
    ...Object.entries({ 'Content-Length': String(Buffer.byteLength(body)), ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
    '',
    body,
  ].join('\r\n')
