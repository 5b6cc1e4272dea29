import { Socket } from 'node:net'

/**
 * Closes the network of these tests but for this machine: vitest runs this before each file. Client, proxy and doubles
 * share the process, so a request that leaves would leave through here.
 */

const loopback: ReadonlySet<unknown> = new Set(['127.0.0.1', '::1', 'localhost', undefined])

interface Target {
  readonly host?: unknown
  readonly path?: unknown
}

// Node hands its own calls over as one array: the options, then the listener.
const targetOf = ([first, second]: Array<unknown>): Target => {
  if (Array.isArray(first)) return targetOf(first)
  if (typeof first === 'object' && first !== null) return first
  return typeof first === 'number' ? { host: typeof second === 'string' ? second : undefined } : { path: first }
}

const connect = Socket.prototype.connect as (this: Socket, ...args: Array<unknown>) => Socket

Socket.prototype.connect = function connectOnLoopback(this: Socket, ...args: Array<unknown>): Socket {
  const { host, path } = targetOf(args)
  if (path === undefined && !loopback.has(host)) {
    throw new Error(`these tests stay on this machine, and something was about to connect to ${String(host)}`)
  }
  return connect.apply(this, args)
}
