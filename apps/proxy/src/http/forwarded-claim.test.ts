import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipAddressIn } from '../domain/ip-address.js'
import { forwardedClaimOf } from './forwarded-claim.js'
import { trustedProxiesIn } from './node-trusted-proxies.js'

const isTrusted = trustedProxiesIn(['10.0.0.0/8', '192.0.2.7/32', '2001:db8:1::/48'])

const claimOf = (lines: ReadonlyArray<string>, peer = '10.0.0.1') =>
  forwardedClaimOf(isTrusted)({ peer, headers: lines.map((line) => ['x-forwarded-for', line]) })

describe('a peer that is no trusted proxy', () => {
  it.each(['203.0.113.7', '11.0.0.1', '192.0.2.8', '2001:db8:2::1', '::ffff:203.0.113.7', '', 'unknown'])(
    '(%s) has nothing read that it says',
    (peer) => {
      expect(claimOf(['198.51.100.1'], peer)).toBeUndefined()
    },
  )
})

describe('a peer that is a trusted proxy', () => {
  it.each(['10.255.255.255', '::ffff:10.0.0.1', '192.0.2.7', '2001:db8:1:ffff::1'])(
    '(%s) is believed what address it says',
    (peer) => {
      expect(claimOf(['198.51.100.1'], peer)).toEqual({ claimedFor: '198.51.100.1' })
    },
  )

  it.each<[string, ReadonlyArray<string>, string]>([
    ['the last hop', ['198.51.100.1, 203.0.113.7'], '203.0.113.7'],
    ['the nearest hop that is not trusted', ['198.51.100.1, 203.0.113.7, 10.0.0.2,10.0.0.3'], '203.0.113.7'],
    ['lines as one list', ['198.51.100.1', '203.0.113.7', '10.0.0.2'], '203.0.113.7'],
    ['what a client has written before it as nothing', [`${'x,'.repeat(9000)}\0, 203.0.113.7`], '203.0.113.7'],
    ['no blanks', [' \t203.0.113.7\t '], '203.0.113.7'],
    ['a port', ['203.0.113.7:4711'], '203.0.113.7'],
    ['a port of a hop', ['203.0.113.7:4711, 10.0.0.2:80'], '203.0.113.7'],
    ['brackets', ['[2001:db8::1]'], '2001:db8::1'],
    ['brackets and a port', ['[2001:DB8:0::1]:4711'], '2001:db8::1'],
    ['IPv6 in its one form', ['2001:DB8:0:0::1'], '2001:db8::1'],
    ['IPv4 that is written as IPv6', ['198.51.100.1, ::ffff:203.0.113.7, ::ffff:10.0.0.2'], '203.0.113.7'],
    ['sixteen hops', [`203.0.113.7${',10.0.0.2'.repeat(15)}`], '203.0.113.7'],
  ])('has %s read', (_, lines, claimedFor) => {
    expect(claimOf(lines)).toEqual({ claimedFor })
  })

  it.each<[string, ReadonlyArray<string>, string]>([
    ['no header', [], 'headerMissing'],
    ['an empty one', [''], 'unreadable'],
    ['an empty hop', ['203.0.113.7,'], 'unreadable'],
    ['no address', ['203.0.113.7, unknown'], 'unreadable'],
    ['no address behind a trusted hop', ['203.0.113.7, _hidden, 10.0.0.2'], 'unreadable'],
    ['what RFC 7239 would say', ['for=203.0.113.7'], 'unreadable'],
    ['a port that is none', ['203.0.113.7:http'], 'unreadable'],
    ['IPv4 in brackets', ['[203.0.113.7]'], 'unreadable'],
    ['half a bracket', ['[2001:db8::1'], 'unreadable'],
    ['a zone', ['fe80::1%eth0'], 'unreadable'],
    ['a range', ['203.0.113.0/24'], 'unreadable'],
    ['an IPv4 address with leading zeros', ['203.0.113.007'], 'unreadable'],
    ['a very long hop', ['1'.repeat(16_000)], 'unreadable'],
    ['a very long hop of what would be slow to match', [`[${':'.repeat(16_000)}`], 'unreadable'],
    ['a very long hop of blanks', [`x${' '.repeat(16_000)}x`], 'unreadable'],
    ['our own proxies alone', ['10.0.0.3, 10.0.0.2'], 'onlyTrustedHops'],
    ['seventeen hops', [`203.0.113.7${',10.0.0.2'.repeat(16)}`], 'tooManyHops'],
  ])('that says %s, says no address, and none is made up', (_, lines, noClaim) => {
    expect(claimOf(lines)).toEqual({ noClaim })
  })

  it('never has an address on record but one that is in the header, is not trusted, and stands behind no other', () => {
    const hop = fc.oneof(
      fc.constantFrom('10.0.0.2', '192.0.2.7', '2001:db8:1::5', '::ffff:10.1.1.1', 'unknown', ''),
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ maxLength: 20 }),
    )
    fc.assert(
      fc.property(fc.array(fc.array(hop, { maxLength: 8 }), { maxLength: 5 }), (lines) => {
        const texts = lines.map((hops) => hops.join(', '))
        const claim = claimOf(texts)
        const hops = texts.join(',').split(',')
        const addresses = hops.map((text) => ipAddressIn(text.trim()))
        const nearest = addresses.findLast((address) => address === undefined || !isTrusted(address))
        if (claim !== undefined && 'claimedFor' in claim) expect(claim.claimedFor).toBe(nearest)
        if (nearest !== undefined && hops.length <= 16) expect(claim).toEqual({ claimedFor: nearest })
        expect(JSON.stringify(claim).length).toBeLessThan(70)
      }),
    )
  })

  it('has other headers left alone', () => {
    const headers = [
      ['forwarded', 'for=203.0.113.7'],
      ['x-real-ip', '203.0.113.7'],
    ] as const

    expect(forwardedClaimOf(isTrusted)({ peer: '10.0.0.1', headers })).toEqual({ noClaim: 'headerMissing' })
  })
})
