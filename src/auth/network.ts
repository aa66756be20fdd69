import { isIP } from 'node:net'

/**
 * What counts as one address: an IPv4 address, or an IPv6 /64, which is what one customer gets and
 * may pick from at will.
 *
 * @param ip as the server sees it, behind trusted proxies as they tell it
 */
export function networkOf(ip: string | undefined): string {
  const address = ip?.split('%', 1)[0]?.replace(/^::ffff:(?=\d+\.)/i, '') ?? ''
  if (isIP(address) === 4) return address
  if (isIP(address) !== 6) return 'unknown'
  // The URL parser writes every address in its one short form, without dots.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail.split(':').filter(Boolean)
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
