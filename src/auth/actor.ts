import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Actor } from '../audit/record.ts'
import { permitOf } from './admission.ts'

/** The caller of a request, as the audit trail records it. */
export function actorOf(request: FastifyRequest): Actor & { network: string } {
  const { user, ip } = request
  return {
    name: user?.username ?? null,
    accountId: user === null ? null : String(user.id),
    tokenId: user?.tokenId ?? null,
    network: networkOf(ip),
    permit: permitOf(request),
  }
}

/**
 * What counts as one address: an IPv4 address, or an IPv6 /64. One customer gets a whole /64 and can use any
 * address in it.
 *
 * @param ip address of the client; behind trusted proxies, the address that they report
 */
export function networkOf(ip: string | undefined): string {
  const address = ip?.split('%', 1)[0]?.replace(/^::ffff:(?=\d+\.)/i, '') ?? ''
  if (isIP(address) === 4) return address
  if (isIP(address) !== 6) return 'unknown'
  // The URL parser gives every address the same short form, without dots.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail.split(':').filter(Boolean)
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
