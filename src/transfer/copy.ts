import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../base/errors.ts'
import type { Queries } from '../database/tables.ts'
import { readVersion } from '../media/library-state.ts'
import { finishArrival } from './arrival.ts'
import { findFaults } from './check-rows.ts'
import { countRows } from './contents.ts'
import { addParts, type File, type Item } from './files.ts'
import { settleEntries } from './journal-rows.ts'
import { libraryTarget, type OpenLibrary } from './library-target.ts'
import { findWriters, type Presence } from './presence.ts'
import { FILES, ITEMS, LAST_TABLES, readCounters, readRows } from './tables.ts'
import { type Source, walk } from './walk.ts'

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
export async function bringAll(
  copying: Copying,
): Promise<{ stored: number; faults: readonly string[] }> {
  const { source, follow, signal } = copying
  const target = libraryTarget(copying.target, copying)
  const faults: string[] = []
  const report = (fault: string) => void faults.push(fault)
  const end = () => ({ stored: target.stored(), faults })
  let told = false
  for (;;) {
    await requireQuiet(copying)
    const { version } = await readVersion(source.database.read)
    const changes = await walk({ source: await librarySource(source), target, report, signal })
    if (faults.length > 0) {
      faults.push(...(await findLastFaults(source.database.read)))
      return end()
    }
    if (changes > 0) continue

    const writers = await findWriters(source.database, copying.presence.self)
    if (writers.length === 0) {
      if ((await finish(copying, version, faults)) || faults.length > 0) return end()
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

/** The library as it is. Later batches may have newer rows. */
async function librarySource({ database: { read }, storage }: OpenLibrary): Promise<Source> {
  return {
    storage,
    live: read,
    totals: { files: await countRows(read, 'files'), media: await countRows(read, 'media') },
    async *readFiles(limit) {
      for await (const files of readRows<File>(read, FILES, limit)) yield addParts(read, files)
    },
    readItems: () => readRows<Item>(read, ITEMS),
  }
}

/**
 * Writes the remaining rows, after which the target can be used.
 * @param version version of the source at which all its items are at the target
 * @param faults receives the faults that prevent this
 * @returns false if there are any, or if the source has changed
 */
async function finish(
  { source, target }: Copying,
  version: number,
  faults: string[],
): Promise<boolean> {
  const isShared = source.storage === target.storage
  if (!isShared) await settleEntries(target.database, target.storage)
  return source.database.snapshot(async (trx) => {
    const library = await trx
      .selectFrom('library')
      .select(['uuid', 'version', 'last_added_at', 'preset_revision'])
      .executeTakeFirstOrThrow()
    if (library.version !== version) return false
    faults.push(...(await findLastFaults(trx)))
    if (faults.length > 0) return false
    await finishArrival(target.database, {
      library,
      counters: await readCounters(trx),
      rowsOf: (table) => readRows(trx, table),
      ...(isShared && { journal: readRows(trx, { name: 'journal', key: ['key'] }) }),
    })
    return true
  })
}

const findLastFaults = (db: Queries): Promise<string[]> =>
  Array.fromAsync(findFaults(LAST_TABLES, (table) => readRows(db, table)))

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
