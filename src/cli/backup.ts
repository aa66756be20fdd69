import { randomBytes } from 'node:crypto'
import { access, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { syncFolder } from '../base/durable-files.ts'
import { UsageError } from '../base/errors.ts'
import { heard } from '../base/heard.ts'
import { type Config, filesPath } from '../config.ts'
import type { Database } from '../database/database.ts'
import { createLog } from '../http/operate/logging.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openTemporaryFolder } from '../storage/temporary.ts'
import { type BackedUp, fillArchive } from '../transfer/archive/fill-archive.ts'
import { writeArchive } from '../transfer/archive/write-archive.ts'
import { describeContents, formatTimeSince } from '../transfer/contents.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { runStoppable } from './stoppable.ts'

/** Names standard output here, and standard input for `restore`. */
const STANDARD = '-'

/**
 * Writes the current state of the library into one archive, also while a server runs. The file gets its
 * name only once it is complete and durable.
 *
 * @param file must not exist yet; `-` is standard output
 */
export async function backup(config: Config, file: string): Promise<void> {
  await requireLibrary(config)
  const startedAt = performance.now()
  process.exitCode = await runStoppable(async (signal) => {
    const { contents, faults, sha256 } = await (file === STANDARD
      ? writeOut(config, signal)
      : writeFile(config, resolve(file), signal))
    // Standard output may carry the archive itself.
    const print = file === STANDARD ? console.error : console.log
    for (const fault of faults) print(fault)
    print(`Backed up ${describeContents(contents)} in ${formatTimeSince(startedAt)}.`)
    print(`The SHA-256 of its sums is ${sha256}.`)
    if (faults.length === 0) return 0
    console.error('The backup is sound but incomplete: see above, and run vitrine doctor.')
    return 1
  }, 'There is no backup.')
}

async function writeOut(config: Config, signal: AbortSignal): Promise<BackedUp> {
  if (process.stdout.isTTY) throw new UsageError('A terminal is no place for a backup.')
  return write(config, process.stdout, signal, true)
}

async function writeFile(config: Config, path: string, signal: AbortSignal): Promise<BackedUp> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (isThere) throw new UsageError(`${path} is there already.`)
  const part = `${path}.${randomBytes(4).toString('hex')}.part`
  try {
    // The archive holds every password hash and the keys that sign sessions.
    const handle = await open(part, 'wx', 0o600)
    const output = heard(handle.createWriteStream({ flush: true }))
    const backedUp = await write(config, output, signal, false)
    await rename(part, path)
    await syncFolder(dirname(path))
    return backedUp
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function write(
  config: Config,
  output: Writable,
  signal: AbortSignal,
  keepOpen: boolean,
): Promise<BackedUp> {
  const work = async (database: Database) => {
    const storage = await openStorage(config.storageUrl, filesPath(config))
    const temporary = await openTemporaryFolder({
      data: config.data,
      log: createLog(config.logLevel),
    })
    try {
      return await temporary.withFolder(async (folder) => {
        const archive = writeArchive(output, { folder, keepOpen })
        try {
          return await fillArchive(archive, { database, storage }, temporary, folder, signal)
        } catch (error) {
          archive.abort()
          throw error
        }
      })
    } finally {
      await temporary.close()
    }
  }
  return withDatabase(config, work, { asItIs: true })
}
