import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { heard } from '../base/heard.ts'
import { type Config, databaseLocation, filesPath } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { createLog } from '../http/operate/logging.ts'
import { ensureDerived } from '../media/filter/rebuild.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openTemporaryFolder } from '../storage/temporary.ts'
import { restoreArchive } from '../transfer/archive/unpack.ts'
import { beginArrival, emptyLibrary } from '../transfer/arrival.ts'
import { countContents, describeContents, formatTimeSince } from '../transfer/contents.ts'
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
        await restoreArchive(library, input, { folder, newFile: temporary.newFile, signal })
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

/** @throws the system's error if the file cannot be read; nothing has been created then */
async function openInput(file: string): Promise<Readable> {
  if (file === STANDARD) return process.stdin
  const handle = await open(file)
  return heard(handle.createReadStream())
}
