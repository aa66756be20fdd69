import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { heard } from '../base/heard.ts'
import { type Config, databaseLocation, filesPath } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { createLog } from '../http/operate/logging.ts'
import { ensureDerived } from '../media/filter/rebuild.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openTemporaryFolder } from '../storage/temporary.ts'
import { ArchiveFault } from '../transfer/archive/format.ts'
import { emptyLibrary, insertRestored, requireSound } from '../transfer/archive/insert-restored.ts'
import { type Unpacked, unpack } from '../transfer/archive/unpack.ts'
import { beginArrival } from '../transfer/arrival.ts'
import { countContents, describeContents, formatTimeSince } from '../transfer/contents.ts'
import type { OpenLibrary } from '../transfer/objects.ts'
import { enterLibrary } from '../transfer/presence.ts'
import { runStoppable } from './stoppable.ts'

/** Names standard input. */
const STANDARD = '-'

/**
 * Creates a library from a backup, where there is none. The library cannot be used before every byte has
 * been compared with the checksums in the backup.
 *
 * @param file `-` is standard input
 */
export async function restore(config: Config, file: string): Promise<void> {
  const input = await openInput(file)
  const startedAt = performance.now()
  const storage = await openStorage(config.storageUrl, filesPath(config))
  const database = await openDatabase(databaseLocation(config), undefined, { unfinished: true })
  const presence = await enterLibrary(database)
  const temporary = await openTemporaryFolder({
    data: config.data,
    log: createLog(config.logLevel),
  })
  const library = { database, storage }
  try {
    process.exitCode = await runStoppable(async (signal) => {
      const isContinued = await beginArrival(database, presence, {
        arrival: 'restore',
        source: 'a backup',
      })
      if (isContinued) await emptyLibrary(library)
      await temporary.withFolder(async (folder) => {
        const unpacked = await unpackOrEmpty(library, input, { folder, signal })
        await insertRestored(library, unpacked, signal)
      })
      await ensureDerived(database, presence.self.id)
      const contents = describeContents(await countContents(database.read))
      console.log(
        `Restored, each object read back and compared: ${contents}, in ${formatTimeSince(startedAt)}.`,
      )
      return 0
    }, 'Run vitrine restore again; it begins anew.')
  } finally {
    await presence.leave()
    await temporary.close()
    await database.close()
  }
}

/** Empties the library again if the backup is faulty, so that another backup can be restored there. */
async function unpackOrEmpty(
  library: OpenLibrary,
  input: Readable,
  options: { folder: string; signal: AbortSignal },
): Promise<Unpacked> {
  try {
    const unpacked = await unpack(library, input, options)
    await requireSound(unpacked)
    return unpacked
  } catch (error) {
    if (!(error instanceof ArchiveFault)) throw error
    await emptyLibrary(library)
    await library.database.write((trx) => trx.deleteFrom('unfinished').execute())
    throw new ArchiveFault(`${error.message} Nothing was restored.`)
  }
}

/** @throws the system's error if the file cannot be read; nothing has been created then */
async function openInput(file: string): Promise<Readable> {
  if (file === STANDARD) return process.stdin
  const handle = await open(file)
  return heard(handle.createReadStream())
}
