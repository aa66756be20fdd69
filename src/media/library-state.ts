import type { CompiledQuery } from 'kysely'
import type { Ask, Database } from '../database/database.ts'
import { createMemo } from '../database/memo.ts'
import type { Queries } from '../database/tables.ts'

/** Where the library is: any change of media counts it up, and what was derived before is stale. */
export interface LibraryState {
  /** Tells one library from another. */
  uuid: string
  version: number
}

/**
 * What the library's state is at this moment; no promise where that is known.
 * @param now the database's state, if it was asked for (see `Database.askChanges`)
 */
export type ReadState = (now?: number) => LibraryState | Promise<LibraryState>

/** There is one state to remember. */
const STATE_BYTES = 100
const MAX_BYTES = 16 * 1024

export function createStateReader(database: Database): ReadState {
  const query = compileStateQuery(database.read)
  const memo = createMemo<LibraryState>(database, MAX_BYTES, () => STATE_BYTES)
  const read = () => readState(database.ask, query)
  if (!database.askChanges) return () => memo.recall('') ?? memo.read('', read)

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

const selectState = (db: Queries) => db.selectFrom('library').select(['uuid', 'version'])

/** Its state now and then: where it is read at every request, see `createStateReader`. */
export const readVersion = (db: Queries): Promise<LibraryState> =>
  selectState(db).executeTakeFirstOrThrow()

export const compileStateQuery = (db: Queries): CompiledQuery<LibraryState> =>
  selectState(db).compile()

export async function readState(
  ask: Ask,
  query: CompiledQuery<LibraryState>,
): Promise<LibraryState> {
  const [state] = await ask(query)
  if (!state) throw new Error('The library has lost its row.')
  return state
}
