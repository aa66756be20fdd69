import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fresh from 'fresh'
import type { LibraryState, ReadState } from '../library-state.ts'

/**
 * Whether the client has this answer already, for a 304. Sets the ETag.
 *
 * @param asked what tells this answer from the others of the same version
 */
export async function isUnchanged(
  request: FastifyRequest,
  reply: FastifyReply,
  readState: ReadState,
  asked: unknown,
): Promise<boolean> {
  const headers = unchangedHeaders(await readState(), asked)
  reply.headers(headers)
  return hasAlready(request, headers)
}

/** What every answer has that a client may keep: its ETag follows from the library's version. */
export function unchangedHeaders({ uuid, version }: LibraryState, asked: unknown) {
  const etag = hash('sha256', JSON.stringify([uuid, version, asked]), 'base64url')
  return { etag: `"${etag}"`, 'cache-control': 'private, no-cache' }
}

/** Only the tag counts: a page's own `fetch` says `Cache-Control: no-cache` beside it, unasked. */
export function hasAlready(
  { headers }: Pick<FastifyRequest, 'headers'>,
  { etag }: { etag: string },
): boolean {
  const tags = headers['if-none-match']
  return tags !== undefined && (tags === etag || fresh({ 'if-none-match': tags }, { etag }))
}

/** Not even a `null`, which the schema of such an answer would allow. */
export const sendNothing = (reply: FastifyReply, status: number) => reply.code(status).send()
