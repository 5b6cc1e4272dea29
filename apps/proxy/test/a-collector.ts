import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One export that an OpenTelemetry collector was sent. */
interface Export {
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  /** Protobuf: names and values of text stand in it as they are. */
  readonly body: Buffer
}

export interface Collector {
  readonly url: string
  readonly exports: ReadonlyArray<Export>
  readonly stop: () => Promise<void>
}

/** Takes OTLP over HTTP, and keeps what came. */
export const aCollector = async (status = 200): Promise<Collector> => {
  const exports: Array<Export> = []
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      exports.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) })
      response.writeHead(status, { 'Content-Type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    exports,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
