import { openLibrary } from '../app.ts'
import { COMMAND_LINE, recordAudit } from '../audit/record.ts'
import { type Config, filesPath } from '../config.ts'
import type { Database } from '../database/database.ts'
import { createLog } from '../http/operate/logging.ts'
import { readDeliverySecret } from '../images/digests.ts'
import type { Library } from '../media/library.ts'
import { openStorage } from '../storage/open-storage.ts'
import { startProgress } from '../transfer/progress.ts'
import { checkCollections } from '../upkeep/check-collections.ts'
import { checkDatabase, explainDamage } from '../upkeep/check-database.ts'
import { checkCounts, checkDoubles, checkJson, checkTags } from '../upkeep/check-derived.ts'
import { checkFacets } from '../upkeep/check-facets.ts'
import { checkFiles } from '../upkeep/check-files.ts'
import { checkItems } from '../upkeep/check-items.ts'
import { checkKeys } from '../upkeep/check-keys.ts'
import { checkMemberships } from '../upkeep/check-memberships.ts'
import { checkOrders } from '../upkeep/check-orders.ts'
import { checkRenditionBytes } from '../upkeep/check-renditions.ts'
import { checkSearchIndex } from '../upkeep/check-search-index.ts'
import { checkStrays } from '../upkeep/check-strays.ts'
import { checkTrash } from '../upkeep/check-trash.ts'
import { checkVersions } from '../upkeep/check-versions.ts'
import { type Check, type Examined, type Finding, mend } from '../upkeep/finding.ts'
import { requireLibrary, withDatabase } from './open-database.ts'

interface DoctorOptions {
  /** Repair what can be repaired. */
  repair?: boolean
  /** Do not read the objects in storage. */
  quick?: boolean
}

/**
 * Checks the whole library, also while a server runs. Prints a line for each finding and a last line with
 * the counts. Changes something only with `repair`, and even then deletes nothing that cannot be made
 * again. The exit code is 1 if a finding remains.
 */
export async function doctor(
  config: Config,
  { repair = false, quick = false }: DoctorOptions,
): Promise<void> {
  await requireLibrary(config)
  const examination = repair
    ? withLibrary(config, (library) => examine({ ...library, quick }, library))
    : withDatabase(
        config,
        async (database) =>
          examine({
            database,
            storage: await openStorage(config.storageUrl, filesPath(config)),
            deliverySecret: await readDeliverySecret(database.read),
            quick,
          }),
        { asItIs: true },
      )
  process.exitCode = await examination.catch(explainDamage)
}

type Table = 'media' | 'files' | 'variants' | 'renditions' | 'journal'

/** In this order: an early finding may be the cause of later ones. */
const CHECKS: readonly { check: Check; things: string; totals?: readonly Table[] }[] = [
  { check: checkDatabase, things: 'database' },
  { check: checkItems, things: 'items', totals: ['media'] },
  { check: checkTrash, things: 'items in the trash' },
  { check: checkVersions, things: 'replaced items' },
  { check: checkCollections, things: 'collections' },
  { check: checkMemberships, things: 'items in collections' },
  { check: checkJson, things: 'items in lists', totals: ['media'] },
  { check: checkCounts, things: 'counts' },
  { check: checkTags, things: 'tags' },
  { check: checkDoubles, things: 'files of several items' },
  { check: checkFacets, things: 'items in filters', totals: ['media'] },
  { check: checkOrders, things: 'orders' },
  { check: checkSearchIndex, things: 'items in the search index', totals: ['media'] },
  { check: checkKeys, things: 'addresses' },
  { check: checkFiles, things: 'files', totals: ['files'] },
  { check: checkRenditionBytes, things: 'derived images' },
  { check: checkStrays, things: 'objects', totals: ['files', 'variants', 'renditions'] },
]

async function examine(examined: Examined, library?: Library): Promise<number> {
  const { database } = examined
  const checked: Record<string, number> = {}
  let findings = 0
  let mended = 0

  for (const { check, things, totals = [] } of CHECKS) {
    const progress = startProgress(things)
    try {
      progress.setTotal(await countRows(database, totals))
      const advance = () => {
        checked[things] = (checked[things] ?? 0) + 1
        progress.advance()
      }
      for await (const finding of check(examined, advance)) {
        findings += 1
        const { line, isMended } = await treat(finding, library)
        if (isMended) mended += 1
        progress.print(line)
      }
    } finally {
      progress.stop()
    }
  }

  const pending = await countRows(database, ['journal'])
  if (pending > 0) {
    const are = pending === 1 ? 'object is' : 'objects are'
    console.log(`${pending} ${are} being added or deleted, or left for the server to remove.`)
  }
  const { items = 0, files = 0, objects = 0 } = checked
  console.log(
    `${items} items, ${files} files, ${objects} objects checked: ${
      findings === 0 ? 'nothing found' : `${findings} found${library ? `, ${mended} repaired` : ''}`
    }`,
  )
  if (mended > 0) {
    const now = await database.now()
    const entry = { action: 'library-repaired', detail: { findings, repaired: mended } } as const
    await database.write((trx) => recordAudit(trx, COMMAND_LINE, entry, now))
  }
  return mended === findings ? 0 : 1
}

/** Repairs a finding if `--repair` is given and a repair is possible. */
async function treat(
  finding: Finding,
  library: Library | undefined,
): Promise<{ line: string; isMended: boolean }> {
  if (library) return mend(finding, library)
  return { line: `${finding.problem} ${finding.remedy}`, isMended: false }
}

async function countRows(database: Database, tables: readonly Table[]): Promise<number> {
  const counts = tables.map((table) =>
    database.read
      .selectFrom(table)
      .select((row) => row.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow(),
  )
  return (await Promise.all(counts)).reduce((sum, { count }) => sum + count, 0)
}

async function withLibrary<T>(config: Config, work: (library: Library) => Promise<T>): Promise<T> {
  const library = await openLibrary(config, createLog(config.logLevel))
  try {
    return await work(library)
  } finally {
    await library.close()
  }
}
