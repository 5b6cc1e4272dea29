const ipv4 = /^[\d.]+$/
const ipv6 = /^[\da-f:.]+$/i

const mappedIpv4 = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/

const dotted = (high: string, low: string): string =>
  [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.')

/** Hosts of URLs are where the platform reads addresses; an IPv4 address is taken only as it would print it. */
const hostIn = (authority: string): string | undefined => URL.parse(`http://${authority}`)?.hostname

/**
 * An IP address in its one form: IPv4 in four decimals without leading zeros, IPv6 as RFC 5952 has it, and an IPv4
 * address that is written as IPv6 (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) as IPv4. Undefined for all else: names, ports,
 * brackets, zones, blanks.
 */
export const ipAddressIn = (text: string): string | undefined => {
  if (ipv4.test(text)) return hostIn(text) === text ? text : undefined
  const canonical = ipv6.test(text) ? hostIn(`[${text}]`)?.slice(1, -1) : undefined
  const [, high, low] = mappedIpv4.exec(canonical ?? '') ?? []
  return high === undefined || low === undefined ? canonical : dotted(high, low)
}
