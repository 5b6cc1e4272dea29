import type { ForwardedClaim, IncomingRequest } from '../domain/incoming-request.js'
import { ipAddressIn } from '../domain/ip-address.js'

const mostHops = 16
/** An address of either family with brackets and a port has 53 characters. */
const longestHop = 64

/** Some balancers write the port, too, Azure Application Gateway always: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const addressIn = (hop: string): string | undefined => {
  if (hop.length > longestHop) return undefined
  const [, inBrackets, beforePort] = /^(?:\[(.*:.*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(hop) ?? []
  return ipAddressIn(inBrackets ?? beforePort ?? hop)
}

/** The last of what stands between commas, and what stands before it. */
const lastHop = (list: string): readonly [hop: string, before: string | undefined] => {
  const comma = list.lastIndexOf(',')
  return [list.slice(comma + 1).trim(), comma < 0 ? undefined : list.slice(0, comma)]
}

const walk = (isTrusted: (address: string) => boolean, list: string): ForwardedClaim => {
  let left: string | undefined = list
  for (let hops = 0; left !== undefined; hops++) {
    if (hops === mostHops) return { noClaim: 'tooManyHops' }
    const [hop, before] = lastHop(left)
    const address = addressIn(hop)
    if (address === undefined) return { noClaim: 'unreadable' }
    if (!isTrusted(address)) return { claimedFor: address }
    left = before
  }
  return { noClaim: 'onlyTrustedHops' }
}

/**
 * From where a request is said to come: the address of the nearest hop that is not trusted, as those that are trusted say.
 * `X-Forwarded-For` is walked from its end, where our own proxies write, over at most 16 hops; what stands before the
 * answer is the client's to invent, and not looked at. Undefined where the peer is not trusted to say anything, so that
 * nothing is read then. `isTrusted` gets addresses as `ipAddressIn` prints them.
 *
 * RFC 7239 `Forwarded` is not read: a proxy that writes the one header passes the other on as the client sent it, so to
 * read both would be to believe clients.
 */
export const forwardedClaimOf =
  (isTrusted: (address: string) => boolean) =>
  ({ headers, peer }: Pick<IncomingRequest, 'headers' | 'peer'>): ForwardedClaim | undefined => {
    const address = ipAddressIn(peer)
    if (address === undefined || !isTrusted(address)) return undefined
    // RFC 9110 §5.3: several lines of one name are one list.
    const lines = headers.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value)
    return lines.length === 0 ? { noClaim: 'headerMissing' } : walk(isTrusted, lines.join(','))
  }
