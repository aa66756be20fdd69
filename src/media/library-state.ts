import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fresh from 'fresh'
import type { Database } from '../database/database.ts'
import { createMemo } from '../database/memo.ts'
import { prepare, runIn } from '../database/prepared.ts'
import type { Queries } from '../database/tables.ts'

/** Every change of media increases the version. Anything derived from an earlier version is stale. */
export interface LibraryState {
  /** Different for each library. */
  uuid: string
  version: number
}

/**
 * Returns the library's state at this moment, without a promise if it is known.
 * @param now the database's change token, if the caller has read it (see `Database.readChangeToken`)
 */
export type ReadState = (now?: number) => LibraryState | Promise<LibraryState>

/** Estimated size of the state; only one is remembered. */
const STATE_BYTES = 100
const MAX_BYTES = 16 * 1024

export function createStateReader(database: Database): ReadState {
  const memo = createMemo<LibraryState>(database, MAX_BYTES, () => STATE_BYTES)
  const read = async () => requireRow(await database.run(findState))
  if (!database.readChangeToken) return () => memo.recall('') ?? memo.read('', read)

  let last: { now: number; state: LibraryState } | undefined
  return (now) => {
    if (now === undefined) return read()
    if (last?.now === now) return last.state
    return read().then((state) => {
      last = { now, state }
      return state
    })
  }
}

const findState = prepare((db) => db.selectFrom('library').select(['uuid', 'version']).compile())

/** Reads the state within a transaction, or now and then. For every request use `createStateReader`. */
export const readVersion = async (db: Queries): Promise<LibraryState> =>
  requireRow(await runIn(db, findState))

function requireRow([state]: readonly LibraryState[]): LibraryState {
  if (!state) throw new Error('The table "library" has no row.')
  return state
}

/**
 * Sets the ETag.
 *
 * @param asked makes the ETag differ from those of other answers of the same version
 * @returns true if the client already has this answer, for a 304
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

/** The headers of an answer that a client may keep. The ETag is derived from the library's version. */
export function unchangedHeaders({ uuid, version }: LibraryState, asked: unknown) {
  const etag = hash('sha256', JSON.stringify([uuid, version, asked]), 'base64url')
  return { etag: `"${etag}"`, 'cache-control': 'private, no-cache' }
}

/** Only `If-None-Match` counts: a page's `fetch` adds `Cache-Control: no-cache` to it by itself. */
export function hasAlready(
  { headers }: Pick<FastifyRequest, 'headers'>,
  { etag }: { etag: string },
): boolean {
  const tags = headers['if-none-match']
  return tags !== undefined && (tags === etag || fresh({ 'if-none-match': tags }, { etag }))
}

/** Sends no body, not even the `null` that the schema of such an answer would allow. */
export const sendNothing = (reply: FastifyReply, status: number) => reply.code(status).send()
