import { BlockList, isIPv6 } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipAddressIn } from '../domain/ip-address.js'
import { addressPrefix } from './address-prefix.js'

describe('the network of an address', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8::/48'],
    ['2001:db8:10::', '2001:db8:10::/48'],
    ['1::3:4:5:6:7:8', '1:0:3::/48'],
    ['0:0:5:6:7:8:9:a', '0:0:5::/48'],
    ['::1', '::/48'],
    ['', 'unknown'],
    ['fe80::1%eth0', 'unknown'],
  ])('%s is %s', (address, prefix) => {
    expect(addressPrefix(address)).toBe(prefix)
  })

  it('has the address in it, and is written in one way', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const [network = '', length] = addressPrefix(address).split('/')
        const family = isIPv6(network) ? 'ipv6' : 'ipv4'
        const list = new BlockList()
        list.addSubnet(network, Number(length), family)

        expect(list.check(ipAddressIn(address) ?? '', family)).toBe(true)
        expect(ipAddressIn(network)).toBe(network)
        expect(addressPrefix(network)).toBe(addressPrefix(address))
      }),
    )
  })
})
