import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What this process holds at the moment. */
export interface Figures {
  readonly heapInMiB: number
  /** 0 where the system does not tell. */
  readonly descriptors: number
  readonly timers: number
  /** Connections that this process has open, of either end. */
  readonly sockets: number
}

export const figures = (): Figures => {
  collectGarbage()
  const resources = process.getActiveResourcesInfo()
  return {
    heapInMiB: Math.round(process.memoryUsage().heapUsed / 1024 / 102.4) / 10,
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    timers: resources.filter((name) => name === 'Timeout').length,
    sockets: resources.filter((name) => name === 'TCPSocketWrap').length,
  }
}
