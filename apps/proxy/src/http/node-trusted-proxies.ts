import { BlockList } from 'node:net'

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4')

/** Tells whether an address is in one of some ranges, both as `config/` and `ipAddressIn` print them. */
export const trustedProxiesIn = (ranges: ReadonlyArray<string>): ((address: string) => boolean) => {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', length] = range.split('/')
    list.addSubnet(address, Number(length), familyOf(address))
  }
  return (address) => list.check(address, familyOf(address))
}
