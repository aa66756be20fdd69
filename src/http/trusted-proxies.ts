import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
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

/** Printable ASCII, too short to fill the log. */
const ID = /^[\x20-\x7e]{1,128}$/

/**
 * Chooses the id of a request for the log and for `X-Request-Id`. The id from a trusted proxy is kept, so
 * that its log and this one can be read together. All other requests get a new id: with an id of its own
 * choice, a client could pass for another request.
 */
export const createRequestIds =
  (trusts: Trusts) =>
  ({ headers, socket }: IncomingMessage): string => {
    const given = headers['x-request-id']
    return typeof given === 'string' && ID.test(given) && trusts(socket) ? given : randomUUID()
  }
