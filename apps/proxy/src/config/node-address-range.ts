import { isIP } from 'node:net'
import type * as t from 'io-ts'
import { readAs } from './variable.js'

// Ranges of addresses are compared by family, and these are of both. Peers are compared as IPv4.
const isMapped = (address: string): boolean => /^::ffff:/i.test(address)

/**
 * An IP address, or a range of them in CIDR form (RFC 4632 §3.1, RFC 4291 §2.3); an address is a range of one. A range of
 * all there is, `/0`, is refused. Bits behind the prefix are not looked at.
 */
export const addressRange: t.Type<string, string> = readAs('AddressRange', (text) => {
  const [address = '', length, ...more] = text.split('/')
  const longest = isIP(address) === 4 ? 32 : 128
  const isAddress = isIP(address) !== 0 && !address.includes('%') && !isMapped(address)
  if (!isAddress || more.length > 0) return undefined
  if (length === undefined) return `${address}/${String(longest)}`
  return /^[1-9]\d{0,2}$/.test(length) && Number(length) <= longest ? text : undefined
})
