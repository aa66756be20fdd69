import type { Socket } from 'node:net'
import { compile } from '@fastify/proxy-addr'

/** Whether it is a trusted proxy that is at the other end of a connection. */
export type Trusts = (socket: Socket) => boolean

/** @param trustedProxies addresses and networks, as Fastify takes them too */
export function createTrusts(trustedProxies: readonly string[]): Trusts {
  if (trustedProxies.length === 0) return () => false
  const trusts = compile([...trustedProxies])
  return ({ remoteAddress }) => remoteAddress !== undefined && trusts(remoteAddress, 0)
}
