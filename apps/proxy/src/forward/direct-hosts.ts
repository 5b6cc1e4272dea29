/** A host of a URL, in lower case or not, an IPv6 address without its brackets. */
export interface HostAndPort {
  readonly hostname: string
  readonly port: number
}

interface Exception {
  readonly hostname: string
  /** 0: any. */
  readonly port: number
  /** Of `*.example.com`: the names below, and not the name itself. */
  readonly isBelowAlone: boolean
}

/** A name may end with a dot, which says that it is whole. */
const bare = (hostname: string): string => hostname.toLowerCase().replace(/(?<=.)\.$/, '')

const unbracketed = (hostname: string): string => hostname.replace(/^\[(.+)\]$/, '$1')

const exceptionOf = (entry: string): Exception => {
  // Colons in an IPv6 address without brackets begin no port.
  const [, hostname = entry, port = '0'] = /^\[(.+)\]:(\d+)$/.exec(entry) ??
    /^([^:]+):(\d+)$/.exec(unbracketed(entry)) ?? [entry, unbracketed(entry)]
  return { hostname: bare(hostname.replace(/^\*?\./, '')), port: Number(port), isBelowAlone: entry.startsWith('*') }
}

const covers =
  ({ hostname, port }: HostAndPort) =>
  (exception: Exception): boolean => {
    if (exception.port !== 0 && exception.port !== port) return false
    return (
      exception.hostname === '*' ||
      (!exception.isBelowAlone && hostname === exception.hostname) ||
      hostname.endsWith(`.${exception.hostname}`)
    )
  }

/** The URL that the host is from has its IPv4 address in four numbers already. */
const isLoopback = (hostname: string): boolean =>
  /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|::1|::ffff:7f[\da-f]{2}:[\da-f]{1,4})$/.test(hostname)

/**
 * Which hosts are reached without the proxy: this machine always, and those that `NO_PROXY` lists, with commas or blanks
 * between. `example.com` and `.example.com` are the name and all below it, `*.example.com` all below it, `*` all; a port
 * limits it. That is how undici's `EnvHttpProxyAgent` reads it, and a test holds the two together. CIDR ranges are names
 * that nobody has.
 */
export const directHosts = (noProxy: string): ((host: HostAndPort) => boolean) => {
  const exceptions = noProxy
    .split(/[,\s]/)
    .filter((entry) => entry !== '')
    .map(exceptionOf)
  return ({ hostname, port }) => {
    const host = { hostname: bare(hostname), port }
    return isLoopback(host.hostname) || exceptions.some(covers(host))
  }
}
