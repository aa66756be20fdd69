import { setTimeout as sleep } from 'node:timers/promises'
import { type Actor, COMMAND_LINE, SERVER } from '../../audit/record.ts'
import type { Database } from '../../database/database.ts'
import { createPace } from '../../database/pace.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { isFreeFor } from '../../storage/journal/lease.ts'
import { removeItems } from '../change/remove.ts'
import type { Library } from '../library.ts'

export const DAY_MS = 24 * 3600 * 1000
/** How often it looks for items whose time in the trash is over. */
const INTERVAL_MS = 3600 * 1000
/** How long it waits while another process purges. That process may have died, while its lease is still valid. */
const RETRY_MS = 60_000

export interface TrashPurge {
  start(): void
  /** Resolves when no work is running any more. */
  stop(): Promise<void>
}

/**
 * Deletes items for good once their time in the trash is over: at the start and then every hour, in short
 * transactions. Only one process of a library does it at a time; the table `trash_purge` names it. If it ends
 * midway, another one goes on.
 */
export function createTrashPurge(
  library: Library,
  { trashDays, fileService }: { trashDays: number; fileService: boolean },
): TrashPurge {
  const { database, log } = library
  const closing = new AbortController()
  const { signal } = closing
  let running: Promise<void> | undefined

  async function run() {
    while (!signal.aborted) {
      const pause = await purgeOnce().catch((error) => {
        log.error({ err: error }, 'The trash could not be purged; it is tried again in an hour')
        return INTERVAL_MS
      })
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** @returns how long to pause afterwards, in milliseconds */
  async function purgeOnce(): Promise<number> {
    const before = (await database.now()) - trashDays * DAY_MS
    const [expired] = await findExpired(database.read, before, 1)
    if (expired === undefined) return INTERVAL_MS
    if (!(await claim(library))) return RETRY_MS
    try {
      const count = await emptyTrash(library, before, { by: SERVER, signal })
      if (count > 0) log.info({ count }, 'Items were deleted whose time in the trash was over')
      return INTERVAL_MS
    } finally {
      await release(library)
    }
  }

  return {
    start() {
      if (trashDays > 0 && fileService && !database.isReadOnly) running ??= run()
    },
    async stop() {
      closing.abort()
      await running
    },
  }
}

/**
 * Deletes items for good that were moved to the trash before a time, the oldest first, in short transactions. The
 * addresses of merged items go on leading to the other item.
 *
 * @param options.signal ends the work after the running transaction
 * @param options.advance is called with the number of items after each transaction
 * @returns how many were deleted
 */
export async function emptyTrash(
  library: Library,
  before: Milliseconds,
  {
    by = COMMAND_LINE,
    signal,
    advance = () => {},
  }: { by?: Actor; signal?: AbortSignal; advance?: (count: number) => void } = {},
): Promise<number> {
  const pace = createPace(library.database)
  const paced = { ...library, database: pace.database }
  let count = 0
  while (!signal?.aborted) {
    const ids = await findExpired(library.database.read, before, pace.batch())
    if (ids.length === 0) break
    const options = { trashedBefore: before, keepsAddresses: true }
    const failed = await removeItems(paced, ids.sort(ascending), by, options)
    count += ids.length - failed.length
    advance(ids.length - failed.length)
    pace.adapt()
    await pace.pause()
  }
  return count
}

const ascending = (a: number, b: number) => a - b

/** Items that were moved to the trash before a time, the oldest first. */
async function findExpired(db: Queries, before: Milliseconds, limit: number): Promise<number[]> {
  return (await runIn(db, findOldest, before, limit)).map(({ id }) => id)
}

const findOldest = prepare((db, before: Parameter<number>, limit: Parameter<number>) =>
  db
    .selectFrom('media')
    .select('id')
    .where('trashed_at', 'is not', null)
    .where('trashed_at', '<', before)
    .orderBy('trashed_at')
    .orderBy('id')
    .limit(limit)
    .compile(),
)

/** @returns whether this process purges now; false if another running process does */
async function claim({ database, journal }: Pick<Library, 'database' | 'journal'>) {
  const now = await database.now()
  const row = await database.write((trx) =>
    trx
      .updateTable('trash_purge')
      .set({ owner: journal.owner })
      .where(isFreeFor(journal.owner, now))
      .returning('id')
      .executeTakeFirst(),
  )
  return row !== undefined
}

async function release({ database, journal }: { database: Database; journal: Library['journal'] }) {
  await database.write((trx) =>
    trx
      .updateTable('trash_purge')
      .set({ owner: null })
      .where('owner', '=', journal.owner)
      .execute(),
  )
}
