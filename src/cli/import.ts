import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { sep } from 'node:path'
import { openLibrary } from '../app.ts'
import { UsageError } from '../base/usage-error.ts'
import type { Config } from '../config.ts'
import { createLog } from '../http/operate/logging.ts'
import { createAdder } from '../media/change/add-many.ts'
import type { Library } from '../media/library.ts'
import { type FoundEntry, findFiles } from '../transfer/import/find-files.ts'
import {
  allocateFileMemory,
  importFile,
  LibraryFault,
  type Outcome,
} from '../transfer/import/import-file.ts'
import { type Progress, startProgress } from '../transfer/progress.ts'

/** So many failures in a row that nobody can explain are the library's and not the files'. */
const MAX_UNEXPLAINED_IN_A_ROW = 10

/** Each waits for two commits of a tenth of a second: at forty images a second these are eight. */
const STORED_TOGETHER = 8

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 }
type StopSignal = keyof typeof EXIT_CODES

/**
 * Adds every image below a folder, tagged with the names of its folders. What was refused or failed
 * is printed as it comes, and the counts at the end. Run again, it goes on where it was stopped,
 * since bytes that an item shows already make no other.
 */
export async function importFolder(config: Config, folder: string): Promise<void> {
  const root = await requireFolder(folder)
  // Whoever waits in this process waits for this import: none of it is to be turned away.
  const unhurried = { ...config, imageQueue: countWorkers(config) }
  const library = await openLibrary(unhurried, createLog(config.logLevel))
  try {
    if (library.database.isReadOnly) throw new UsageError(`${config.data} cannot be written.`)
    const except = await requireApart(root, config)
    process.exitCode = await run(library, config, root, except)
  } finally {
    await library.close()
  }
}

async function run(
  library: Library,
  config: Config,
  root: Buffer,
  except: Buffer,
): Promise<number> {
  const progress = startProgress('files')
  const stopping = new AbortController()
  let signalled: StopSignal | undefined
  const stop = (signal: StopSignal) => {
    signalled = signal
    stopping.abort()
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  void countFiles(findFiles(root, except), progress, stopping.signal)

  const counts = { added: 0, known: 0, refused: 0, failed: 0 }
  let unexplainedInARow = 0
  let fault: LibraryFault | undefined
  const settle = (entry: FoundEntry, outcome: Outcome) => {
    counts[outcome.kind] += 1
    progress.advance()
    if (!('reason' in outcome)) {
      unexplainedInARow = 0
      return
    }
    const { kind, reason, isUnexplained } = outcome
    progress.print(`${kind}  ${entry.path}: ${reason}`)
    unexplainedInARow = isUnexplained ? unexplainedInARow + 1 : 0
    if (unexplainedInARow === MAX_UNEXPLAINED_IN_A_ROW) throw new LibraryFault(reason)
  }

  const add = createAdder(library)
  const entries = findFiles(root, except)
  const work = async () => {
    const reading = { maxImageBytes: config.maxImageBytes, memory: allocateFileMemory() }
    while (!stopping.signal.aborted) {
      const { value: entry, done } = await entries.next()
      if (done) return
      settle(entry, await importFile(library, add, entry, reading))
    }
  }
  try {
    await Promise.all(
      Array.from({ length: countWorkers(config) }, () =>
        work().catch((error) => {
          if (!(error instanceof LibraryFault)) throw error
          fault ??= error
          stopping.abort()
        }),
      ),
    )
  } finally {
    stopping.abort()
    progress.stop()
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }

  const { added, known, refused, failed } = counts
  console.log(`${added} added, ${known} already there, ${refused} refused, ${failed} failed`)
  if (fault || signalled) {
    console.error(`${fault?.message ?? `Stopped by ${signalled}.`} Run it again to go on.`)
  }
  if (signalled) return EXIT_CODES[signalled]
  return fault || refused + failed > 0 ? 1 : 0
}

/**
 * As many at once as images are processed, one more for each, which is read meanwhile, and those that
 * wait to be stored and to become items together.
 */
const countWorkers = ({ imageWorkers }: Config): number =>
  2 * Math.min(availableParallelism(), imageWorkers) + STORED_TOGETHER

/** Runs ahead of the import, so that the bar knows its end. */
async function countFiles(
  entries: AsyncIterable<FoundEntry>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  let total = 0
  try {
    for await (const _ of entries) {
      if (signal.aborted) return
      total += 1
      progress.setTotal(total)
    }
  } catch {
    // The import itself will say so.
  }
}

/** @returns the folder, absolute and without links, in bytes */
async function requireFolder(folder: string): Promise<Buffer> {
  try {
    const root = await realpath(folder, { encoding: 'buffer' })
    await access(root, constants.R_OK | constants.X_OK)
    if ((await stat(root)).isDirectory()) return root
  } catch (error) {
    throw new UsageError(
      `${folder} cannot be read: ${error instanceof Error ? error.message : error}`,
    )
  }
  throw new UsageError(`${folder} is no folder.`)
}

/** @returns the library's own folder, whose files are no images to add */
async function requireApart(root: Buffer, { data }: Config): Promise<Buffer> {
  const own = await realpath(data, { encoding: 'buffer' })
  if (`${root}${sep}`.startsWith(`${own}${sep}`)) {
    throw new UsageError(`${root} belongs to the library itself.`)
  }
  return own
}
