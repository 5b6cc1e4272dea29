// Four numbers from 0 to 255, none with a zero in front, which some would read as octal.
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const ipv6 = /^[\da-f:.]+$/i

const mappedIpv4 = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/

const dotted = (high: string, low: string): string =>
  [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.')

/**
 * An IP address in its one form: IPv4 in four decimals without leading zeros, IPv6 as RFC 5952 has it, and an IPv4
 * address that is written as IPv6 (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) as IPv4. Undefined for all else: names, ports,
 * brackets, zones, blanks.
 */
export const ipAddressIn = (text: string): string | undefined => {
  if (ipv4.test(text)) return text
  // The parser of URLs reads IPv6 as every platform has it, and prints its one form.
  const canonical = ipv6.test(text) ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : undefined
  const [, high, low] = mappedIpv4.exec(canonical ?? '') ?? []
  return high === undefined || low === undefined ? canonical : dotted(high, low)
}
