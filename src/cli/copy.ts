import { UsageError } from '../base/errors.ts'
import { type Config, filesPath } from '../config.ts'
import { readUnfinished } from '../database/unfinished.ts'
import { createLog } from '../http/operate/logging.ts'
import { ensureDerived } from '../media/filter/rebuild.ts'
import { readVersion } from '../media/library-state.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openTemporaryFolder } from '../storage/temporary.ts'
import { beginArrival, isEmpty } from '../transfer/arrival.ts'
import { countContents, describeContents, formatTimeSince } from '../transfer/contents.ts'
import { bringAll, type Copying, requireQuiet } from '../transfer/copy.ts'
import { enterLibrary } from '../transfer/presence.ts'
import { openTarget, readTarget, type TargetOptions } from './copy-target.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { runStoppable } from './stoppable.ts'

const AGAIN = 'Run vitrine copy again to go on.'

interface CopyOptions extends TargetOptions {
  /** Copy a library that is in use, and its later changes, until no server uses it any more. */
  follow?: boolean
}

/**
 * Copies a whole library to another database and another storage, each of either kind. After a stop or a
 * kill, the next run continues where this one ended. The target cannot be used before the copy is complete.
 */
export async function copy(config: Config, options: CopyOptions): Promise<void> {
  const place = readTarget(config, options)
  await requireLibrary(config)
  const log = createLog(config.logLevel)
  process.exitCode = await withDatabase(config, async (database) => {
    const source = { database, storage: await openStorage(config.storageUrl, filesPath(config)) }
    const target = await openTarget(config, place, source)
    const temporary = await openTemporaryFolder({ data: config.data, log })
    const presence = await enterLibrary(target.database)
    try {
      return await runStoppable(async (signal) => {
        const { follow = false } = options
        return run({ source, target, presence, follow, newFile: temporary.newFile, signal })
      }, AGAIN)
    } finally {
      await presence.leave()
      await temporary.close()
      await target.database.close()
    }
  })
}

async function run(copying: Copying): Promise<number> {
  const { source, target, presence } = copying
  const startedAt = performance.now()
  const { uuid } = await readVersion(source.database.read)
  await requireApart(copying)
  if (await isThere(copying)) {
    console.log('This library is at the target already, with the same items: nothing to do.')
    return 0
  }
  await requireQuiet(copying)
  await beginArrival(target.database, presence, { arrival: 'copy', source: uuid })

  const { stored, faults } = await bringAll(copying)
  if (faults.length > 0) {
    for (const fault of faults) console.log(fault)
    console.error(
      `Not everything could be copied, and the target cannot be used yet. Repair the library with vitrine doctor --repair, or edit or delete the items listed above. ${AGAIN}`,
    )
    return 1
  }
  await ensureDerived(target.database, presence.self.id)
  const contents = describeContents(await countContents(target.database.read))
  console.log(`Copied, each object read back and compared: ${contents}.`)
  console.log(`${stored} objects were stored by this run, in ${formatTimeSince(startedAt)}.`)
  return 0
}

/** @throws UsageError if the target is the source library itself */
async function requireApart({ source, presence }: Copying): Promise<void> {
  const seen = await source.database.read
    .selectFrom('owners')
    .select('id')
    .where('id', '=', presence.self.id)
    .executeTakeFirst()
  if (seen) throw new UsageError('The target is the database of this library itself.')
}

/** Whether the target is a copy of this library that was finished earlier. */
async function isThere({ source, target }: Copying): Promise<boolean> {
  const { read } = target.database
  if ((await readUnfinished(read)) || (await isEmpty(read))) return false
  const [own, other] = await Promise.all([readVersion(source.database.read), readVersion(read)])
  if (own.uuid !== other.uuid) return false
  if (own.version === other.version) return true
  throw new UsageError(
    'A finished copy of this library is at the target already, and one of the two has changed since. Name an empty target.',
  )
}
