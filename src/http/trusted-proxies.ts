import type { Socket } from 'node:net'
import { compile } from '@fastify/proxy-addr'

/** Whether the other end of a connection is a trusted proxy. */
export type Trusts = (socket: Socket) => boolean

/** @param trustedProxies addresses and networks, in the form that Fastify takes */
export function createTrusts(trustedProxies: readonly string[]): Trusts {
  if (trustedProxies.length === 0) return () => false
  const trusts = compile([...trustedProxies])
  return ({ remoteAddress }) => remoteAddress !== undefined && trusts(remoteAddress, 0)
}
