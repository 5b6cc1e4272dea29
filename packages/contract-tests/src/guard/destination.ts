import { BlockList, isIP } from 'node:net'

/** Where something goes, as it was asked for: no name is looked up. */
export type Destination =
  | { readonly _tag: 'Port'; readonly host: string; readonly port: number | undefined }
  | { readonly _tag: 'Path'; readonly path: string }

/** Compares as hosts do: without brackets, case, or a dot at the end; an address of version 6 in its shortest form. */
const plainHost = (host: string): string => {
  const plain = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
  return isIP(plain) === 6 && !plain.includes('%') ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain
}

export const atPort = (host: string, port: number | undefined): Destination => ({
  _tag: 'Port',
  host: plainHost(host),
  port,
})

export const showDestination = (to: Destination): string => {
  if (to._tag === 'Path') return to.path
  const host = isIP(to.host) === 6 ? `[${to.host}]` : to.host
  return to.port === undefined ? host : `${host}:${String(to.port)}`
}

const thisMachine = new BlockList()
thisMachine.addSubnet('127.0.0.0', 8, 'ipv4')
thisMachine.addAddress('::1', 'ipv6')
// What a server that listens everywhere says of itself, and what a client that takes it at its word connects to.
thisMachine.addAddress('0.0.0.0', 'ipv4')
thisMachine.addAddress('::', 'ipv6')

/** Whether that is this machine, by name or address. */
export const isLoopback = (to: Destination): boolean => {
  if (to._tag === 'Path') return true
  const family = isIP(to.host)
  if (family === 0) return to.host === 'localhost' || to.host.endsWith('.localhost')
  return thisMachine.check(to.host, family === 4 ? 'ipv4' : 'ipv6')
}

const hostAndPort = /^(?:\[(?<address>[^\]]+)\]|(?<host>[^:/?#@[\]\s]+))(?::(?<port>\d{1,5}))?$/

/** Reads `host`, `host:port`, an address, or `[address]:port`. `undefined` is none of them. */
export const readDestination = (text: string): Destination | undefined => {
  if (isIP(text) === 6) return atPort(text, undefined)
  const { address, host = address, port } = hostAndPort.exec(text)?.groups ?? {}
  const isPort = port === undefined || (Number(port) > 0 && Number(port) < 65_536)
  if (host === undefined || !isPort || (address !== undefined && isIP(address) !== 6)) return undefined
  return atPort(host, port === undefined ? undefined : Number(port))
}

/** Whether it is that one, or any port of it. */
export const isWithin = (allowed: Destination, to: Destination): boolean =>
  allowed._tag === 'Port' &&
  to._tag === 'Port' &&
  allowed.host === to.host &&
  (allowed.port === undefined || allowed.port === to.port)
