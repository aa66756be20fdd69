import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Trusts } from './trusted-proxies.ts'

/** Printable ASCII, and not so long that it fills the log. */
const ID = /^[\x20-\x7e]{1,128}$/

/**
 * How requests are named in the log and in `X-Request-Id`: as a trusted proxy names them, so that its
 * log and this one can be read together, or else by a new name. Anybody else's own could pass for
 * another request.
 */
export const createRequestIds =
  (trusts: Trusts) =>
  ({ headers, socket }: IncomingMessage): string => {
    const given = headers['x-request-id']
    return typeof given === 'string' && ID.test(given) && trusts(socket) ? given : randomUUID()
  }
