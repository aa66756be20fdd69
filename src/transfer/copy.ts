import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../base/errors.ts'
import type { Queries } from '../database/tables.ts'
import { readVersion } from '../media/library-state.ts'
import { finishArrival } from './arrival.ts'
import { findFault } from './check-rows.ts'
import { countRows } from './contents.ts'
import { settleEntries } from './journal-rows.ts'
import type { OpenLibrary } from './objects.ts'
import { findWriters, type Presence } from './presence.ts'
import { startProgress } from './progress.ts'
import { type SyncResult, syncFiles, syncItems } from './sync.ts'
import { ACCOUNT_TABLES, type AccountTable, readCounters, readRows } from './tables.ts'

const POLL_MS = 1000

export interface Copying {
  source: OpenLibrary
  target: OpenLibrary
  presence: Presence
  /** Continue until no other process uses the source, instead of refusing a source in use. */
  follow: boolean
  newFile: () => string
  signal: AbortSignal
}

/**
 * Repeats the copy until it finds no difference and no other process can write to the source. Then completes
 * the target.
 */
export async function bringAll(copying: Copying): Promise<Pick<SyncResult, 'stored' | 'faults'>> {
  const { source, follow } = copying
  let stored = 0
  let told = false
  for (;;) {
    await requireQuiet(copying)
    const { version } = await readVersion(source.database.read)
    const outcome = await pass(copying)
    stored += outcome.stored
    if (outcome.faults.length > 0) {
      const faults = await findAccountFaults(source.database.read)
      return { stored, faults: [...outcome.faults, ...faults] }
    }
    if (outcome.changes > 0) continue

    const writers = await findWriters(source.database, copying.presence.self)
    if (writers.length === 0) {
      const faults = await finish(copying, version)
      if (faults) return { stored, faults }
    } else if (follow) {
      if (!told) {
        console.error(
          `Everything is copied so far. Following changes until no process uses the library any more. In use by ${writers.join(', ')}.`,
        )
      }
      told = true
      await waitForChange(copying, version)
    }
  }
}

/** Compares all files and items once, and copies the differences. */
async function pass({ source, target, newFile, signal }: Copying): Promise<SyncResult> {
  const steps = [
    { sync: syncFiles, table: 'files' },
    { sync: syncItems, table: 'media' },
  ] as const
  const sum: SyncResult = { changes: 0, stored: 0, faults: [] }
  for (const { sync, table } of steps) {
    const progress = startProgress(table === 'files' ? 'files' : 'items')
    try {
      progress.setTotal(await countRows(source.database.read, table))
      const { advance } = progress
      const { changes, stored, faults } = await sync({ source, target, newFile, signal, advance })
      sum.changes += changes
      sum.stored += stored
      sum.faults.push(...faults)
    } finally {
      progress.stop()
    }
  }
  return sum
}

/**
 * Writes the remaining rows, after which the target can be used.
 * @param version version of the source at which all its items are at the target
 * @returns the faults that prevent this, none if the target is complete; undefined if the source has changed
 */
async function finish({ source, target }: Copying, version: number): Promise<string[] | undefined> {
  const isShared = source.storage === target.storage
  if (!isShared) await settleEntries(target.database, target.storage)
  return source.database.snapshot(async (trx) => {
    const library = await trx
      .selectFrom('library')
      .select(['uuid', 'version', 'last_added_at'])
      .executeTakeFirstOrThrow()
    if (library.version !== version) return undefined
    const faults = await findAccountFaults(trx)
    if (faults.length > 0) return faults
    await finishArrival(target.database, {
      library,
      counters: await readCounters(trx),
      rowsOf: (table) => readRows(trx, table),
      ...(isShared && { journal: readRows(trx, { name: 'journal', key: ['key'] }) }),
    })
    return []
  })
}

/** The first fault in each table of accounts, secrets and the audit trail. */
async function findAccountFaults(db: Queries): Promise<string[]> {
  const faults: string[] = []
  for (const table of ACCOUNT_TABLES) {
    const fault = await findFirstFault(db, table)
    if (fault !== undefined) faults.push(fault)
  }
  return faults
}

async function findFirstFault(db: Queries, table: AccountTable): Promise<string | undefined> {
  for await (const rows of readRows(db, table)) {
    for (const row of rows) {
      const fault = findFault(table.name, row)
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

/** @throws UsageError if another process may write to the source, unless `follow` is set */
export async function requireQuiet({ source, presence, follow }: Copying): Promise<void> {
  if (follow) return
  const [writer] = await findWriters(source.database, presence.self)
  if (writer === undefined) return
  throw new UsageError(
    `The library is in use by ${writer}. Stop that process, or copy with --follow, which continues until no process uses the library any more.`,
  )
}

async function waitForChange(
  { source, presence, signal }: Copying,
  version: number,
): Promise<void> {
  do {
    await sleep(POLL_MS, undefined, { signal })
    if ((await findWriters(source.database, presence.self)).length === 0) return
  } while ((await readVersion(source.database.read)).version === version)
}
