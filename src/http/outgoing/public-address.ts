import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** The only part of IPv6 from which addresses of the public internet are given out (RFC 4291, section 2.5.4). */
const GIVEN_OUT = ipaddr.IPv6.parseCIDR('2000::/3')
/** Addresses by which a host that has only IPv6 reaches an IPv4 address (RFC 6052). */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
/** Public by its number, but in Azure it is the host under the virtual machine. */
const AZURE_HOST = '168.63.129.16'

/**
 * Whether an address belongs to the public internet: it is in none of IANA's special-purpose ranges (RFC 6890). An
 * IPv4-mapped or a NAT64 address counts as the IPv4 address in it. 6to4 and Teredo addresses do not count, because they
 * can carry a private one.
 *
 * @param address an IPv4 or IPv6 address without brackets; false for any other text
 */
export function isPublicAddress(address: string): boolean {
  // `isIP` knows one spelling of IPv4; the parser below would take octal and hexadecimal ones too.
  if (isIP(address) === 0) return false
  const parsed = ipaddr.parse(address)
  if (parsed instanceof ipaddr.IPv4) return isPublicIPv4(parsed)
  if (parsed.range() === 'ipv4Mapped' || parsed.match(NAT64)) {
    return isPublicIPv4(new ipaddr.IPv4(parsed.toByteArray().slice(-4)))
  }
  return parsed.zoneId === undefined && parsed.match(GIVEN_OUT) && parsed.range() === 'unicast'
}

const isPublicIPv4 = (address: InstanceType<typeof ipaddr.IPv4>): boolean =>
  address.range() === 'unicast' && address.toString() !== AZURE_HOST
