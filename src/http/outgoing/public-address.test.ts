import { describe, expect, it } from 'vitest'
import { isPublicAddress } from './public-address.ts'

describe('an address of the public internet', () => {
  it.each([
    ['an IPv4 address', '93.184.215.14'],
    ['the last before a private range', '9.255.255.255'],
    ['the first after a private range', '172.32.0.0'],
    ['the last before the shared range', '100.63.255.255'],
    ['an IPv6 address', '2606:4700::1111'],
    ['an IPv4-mapped public address', '::ffff:93.184.215.14'],
    ['an IPv4-mapped public address in hexadecimal', '::ffff:5db8:d70e'],
    ['a public address behind NAT64', '64:ff9b::5db8:d70e'],
  ])('is %s', (_, address) => expect(isPublicAddress(address)).toBe(true))

  // The registries: https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry
  it.each([
    ['this network', ['0.0.0.0', '0.255.255.255']],
    ['private use', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1']],
    [
      'shared, and the metadata of a cloud in it',
      ['100.64.0.1', '100.127.255.255', '100.100.100.200'],
    ],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    ['link-local, and the metadata of most clouds', ['169.254.0.1', '169.254.169.254', 'fe80::1']],
    ['protocol assignments', ['192.0.0.1', '192.0.0.8', '192.0.0.170', '192.0.0.192']],
    ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']],
    [
      'AS112 and AMT',
      ['192.31.196.1', '192.175.48.1', '192.52.193.1', '2001:3::1', '2620:4f:8000::1'],
    ],
    ['relays of 6to4', ['192.88.99.1']],
    ['benchmarks', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    ['reserved', ['240.0.0.1', '255.255.255.255']],
    ['the host of a virtual machine', ['168.63.129.16']],
    ['unspecified', ['::']],
    [
      'IPv4-mapped',
      ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254'],
    ],
    ['IPv4-compatible', ['::127.0.0.1', '::7f00:1', '::5db8:d70e']],
    ['translated', ['::ffff:0:127.0.0.1', '::ffff:0:5db8:d70e']],
    [
      'behind NAT64',
      ['64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1'],
    ],
    ['6to4', ['2002:7f00:1::1', '2002:a00:1::', '2002:5db8:d70e::1']],
    ['Teredo', ['2001::1', '2001:0:5db8:d70e::1']],
    ['discarded', ['100::1']],
    ['ORCHID and drones', ['2001:10::1', '2001:20::1', '2001:30::1']],
    ['segment routing', ['5f00::1']],
    ['unique local, and the metadata of a cloud in it', ['fc00::1', 'fd00:ec2::254']],
    ['site-local', ['fec0::1']],
    ['not given out', ['4000::1', '8000::1', 'e000::1']],
    ['with a zone', ['fe80::1%eth0', '2606:4700::1111%eth0']],
    [
      'no address',
      ['', 'localhost', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[::1]', '1.1.1.1 '],
    ],
  ])('is none that is %s', (_, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([])
  })
})
