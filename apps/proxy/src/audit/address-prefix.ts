import { ipAddressIn } from '../domain/ip-address.js'

/** The first three of the eight groups of an IPv6 address in its one form. */
const firstGroups = (address: string): ReadonlyArray<string> => {
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after].slice(0, 3)
}

/**
 * The network that an address belongs to, as CIDR: the /24 of IPv4, the /48 of IPv6, which is what a site gets (RFC 6177).
 * `unknown` for what is no address, such as that of a socket that is gone.
 */
export const addressPrefix = (peer: string): string => {
  const address = ipAddressIn(peer)
  if (address === undefined) return 'unknown'
  if (!address.includes(':')) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
  const groups = firstGroups(address).join(':')
  return `${groups.replace(/(?:(?:^|:)0)+$/, '')}::/48`
}
