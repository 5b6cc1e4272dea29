import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipAddressIn } from './ip-address.js'

describe('an IP address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['::ffff:0:5', '0.0.0.5'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('%s is %s', (text, address) => {
    expect(ipAddressIn(text)).toBe(address)
  })

  it.each([
    '',
    ' ',
    'localhost',
    'unknown',
    '_hidden',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '192.0.2.01',
    '192.0.2.256',
    '192.0.2.1.',
    '192.0.2.1:80',
    ' 192.0.2.1',
    '192.0.2.1/24',
    '[::1]',
    '[::1]:80',
    '::1]/x[',
    'fe80::1%eth0',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '192.0.2.1@198.51.100.1',
    '１92.0.2.1',
  ])('%j is none', (text) => {
    expect(ipAddressIn(text)).toBeUndefined()
  })

  it('is one where Node’s sockets say so, and has the form that they print', () => {
    const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.stringMatching(/^[0f1:.%[\]]*$/))
    fc.assert(
      fc.property(texts, (text) => {
        const address = ipAddressIn(text)
        expect(address !== undefined).toBe((isIPv4(text) || isIPv6(text)) && !text.includes('%'))
        if (address === undefined) return
        expect(ipAddressIn(address)).toBe(address)
        // The C library writes the last four bytes of some addresses as IPv4; those are the same address all the same.
        const family = isIPv6(text) ? 'ipv6' : 'ipv4'
        expect(ipAddressIn(new SocketAddress({ address: text, family }).address)).toBe(address)
      }),
    )
  })
})
