import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Trusts } from './trusted-proxies.ts'

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
