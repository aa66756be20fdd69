import type { FastifyRequest } from 'fastify'
import type { Actor } from '../audit/record.ts'
import { networkOf } from './network.ts'

/** Who makes a request, for the audit trail. */
export function actorOf({ user, ip }: FastifyRequest): Actor & { network: string } {
  return {
    name: user?.username ?? null,
    accountId: user === null ? null : String(user.id),
    tokenId: user?.tokenId ?? null,
    network: networkOf(ip),
  }
}
