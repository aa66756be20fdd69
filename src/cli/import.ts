import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { sep } from 'node:path'
import { openLibrary } from '../app.ts'
import { UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'
import { createLog } from '../http/operate/logging.ts'
import { createAdder } from '../media/change/add-many.ts'
import type { Library } from '../media/library.ts'
import { type FindOptions, type FoundEntry, findFiles } from '../transfer/import/find-files.ts'
import {
  allocateFileMemory,
  type ImportOutcome,
  importFile,
  LibraryFault,
} from '../transfer/import/import-file.ts'
import { type Progress, startProgress } from '../transfer/progress.ts'
import { runStoppable } from './stoppable.ts'

/** After this many unexplained failures in a row, the fault is the library's and not the files'. */
const MAX_UNEXPLAINED_IN_A_ROW = 10

/**
 * Each of them waits for two commits of a tenth of a second. At forty images a second that is eight images.
 */
const STORED_TOGETHER = 8

/**
 * Adds every image below a folder and tags it with the names of its folders. Prints each refused or failed
 * file at once, and the counts at the end. A second run continues where the first one stopped, since bytes
 * that an item already shows are not added again.
 */
export async function importFolder(
  config: Config,
  folder: string,
  { everything = false }: { everything?: boolean },
): Promise<void> {
  const root = await requireFolder(folder)
  const library = await openForImport(config)
  try {
    const find = { except: [await requireApart(root, config)], everything }
    process.exitCode = await runStoppable(
      (signal) => run({ library, config, root, find, signal }),
      'Run it again to go on.',
    )
  } finally {
    await library.close()
  }
}

/**
 * Opens the library for commands that add files.
 * @throws UsageError if it cannot be written
 */
export async function openForImport(config: Config): ReturnType<typeof openLibrary> {
  // Every render in this process belongs to this import, so the queue must turn none away.
  const unhurried = { ...config, imageQueue: countWorkers(config) }
  const library = await openLibrary(unhurried, createLog(config.logLevel))
  if (!library.database.isReadOnly) return library
  await library.close()
  throw new UsageError(`${config.data} cannot be written.`)
}

interface Import {
  library: Library
  config: Config
  root: Buffer
  find: FindOptions
  signal: AbortSignal
}

/**
 * @returns the exit code
 * @throws the signal's reason when it is aborted, once the counts are printed
 */
async function run({ library, config, root, find, signal }: Import): Promise<number> {
  const progress = startProgress('files')
  const stopping = new AbortController()
  const isStopping = AbortSignal.any([signal, stopping.signal])
  void countFiles(findFiles(root, find), progress, isStopping)

  const counts = { added: 0, known: 0, refused: 0, failed: 0 }
  let unreadSidecars = 0
  let unexplainedInARow = 0
  let fault: LibraryFault | undefined
  const settle = (entry: FoundEntry, outcome: ImportOutcome) => {
    counts[outcome.kind] += 1
    progress.advance()
    if (!('reason' in outcome)) {
      unexplainedInARow = 0
      const fault = describeSidecarFault(entry, outcome)
      if (fault === undefined) return
      unreadSidecars += 1
      progress.print(fault)
      return
    }
    const { kind, reason, isUnexplained } = outcome
    progress.print(`${kind}  ${entry.path}: ${reason}`)
    unexplainedInARow = isUnexplained ? unexplainedInARow + 1 : 0
    if (unexplainedInARow === MAX_UNEXPLAINED_IN_A_ROW) throw new LibraryFault(reason)
  }

  const add = createAdder(library)
  const entries = findFiles(root, find)
  const work = async () => {
    const reading = { maxImageBytes: config.maxImageBytes, memory: allocateFileMemory() }
    while (!isStopping.aborted) {
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
  }

  const { added, known, refused, failed } = counts
  const withoutSidecar = unreadSidecars > 0 ? `, ${unreadSidecars} without their sidecars` : ''
  console.log(
    `${added} added, ${known} already there, ${refused} refused, ${failed} failed${withoutSidecar}`,
  )
  if (fault) console.error(`${fault.message} Run it again to go on.`)
  else signal.throwIfAborted()
  return fault || refused + failed + unreadSidecars > 0 ? 1 : 0
}

/** @returns a line; undefined if the sidecar was read or there is none */
export function describeSidecarFault(
  { sidecar }: FoundEntry,
  outcome: ImportOutcome,
): string | undefined {
  if (outcome.kind !== 'added' || outcome.sidecarFault === undefined) return undefined
  return `unread  ${sidecar}: ${outcome.sidecarFault.replace(/\.?$/, '.')} Its image was added without it.`
}

/**
 * One file for each image worker, one more for each that is read meanwhile, and those that wait to be
 * stored and to become items in one transaction.
 */
export const countWorkers = ({ imageWorkers }: Config): number =>
  2 * Math.min(availableParallelism(), imageWorkers) + STORED_TOGETHER

/** Counts ahead of the import, so that the progress bar has a total. */
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
    // The import reports the same error.
  }
}

/** @returns the folder, absolute and without links, in bytes */
export async function requireFolder(folder: string): Promise<Buffer> {
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

/** @returns the library's own folder, whose files must not be imported */
export async function requireApart(root: Buffer, { data }: Config): Promise<Buffer> {
  const own = await realpath(data, { encoding: 'buffer' })
  if (`${root}${sep}`.startsWith(`${own}${sep}`)) {
    throw new UsageError(`${root} belongs to the library itself.`)
  }
  return own
}
