import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens where the system chooses, and says where, for whoever started the process. */
export const sayWhere = (server: Server): void => {
  server.listen(0, '127.0.0.1', 1_024, () => {
    const { port } = server.address() as AddressInfo
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${String(port)}` })}\n`)
  })
}
