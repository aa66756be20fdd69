import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fresh from 'fresh'
import type { ReadState } from './library-state.ts'

/**
 * Whether the client has this answer already, for a 304. Sets the ETag, which follows from the
 * library's version: no row is read to know it.
 *
 * @param asked what tells this answer from the others of the same version
 */
export async function isUnchanged(
  request: FastifyRequest,
  reply: FastifyReply,
  readState: ReadState,
  asked: unknown,
): Promise<boolean> {
  const { uuid, version } = await readState()
  const etag = hash('sha256', JSON.stringify([uuid, version, asked]), 'base64url')
  reply.headers({ etag: `"${etag}"`, 'cache-control': 'private, no-cache' })
  // Only the tag: a page's own `fetch` says `Cache-Control: no-cache` beside it, unasked.
  return fresh({ 'if-none-match': request.headers['if-none-match'] }, reply.getHeaders())
}

/** Not even a `null`, which the schema of such an answer would allow. */
export const sendNothing = (reply: FastifyReply, status: number) => reply.code(status).send()
