import type { FastifyRequest } from 'fastify'
import type { Actor } from '../audit/record.ts'
import { networkOf } from './network.ts'
import { permitOf } from './permit.ts'

/** Who makes a request, for the audit trail. */
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
