import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { createAdder } from '../media/change/add-many.ts'
import type { Library } from '../media/library.ts'
import {
  allocateFileMemory,
  type ImportOutcome,
  importFile,
  LibraryFault,
} from '../transfer/import/import-file.ts'
import { moveAway } from '../transfer/import/move-away.ts'
import { stateOf, type WatchedEntry, watchFiles } from '../transfer/import/watch-files.ts'
import { printable } from '../transfer/progress.ts'
import {
  countWorkers,
  describeSidecarFault,
  openForImport,
  requireApart,
  requireFolder,
} from './import.ts'
import { runStoppable } from './stoppable.ts'

/** A file that has not changed for this time is complete. */
const REST_MS = 2000
const LOOK_EVERY_MS = 500
/** Pause after a fault of the library, such as a bucket that is away. */
const FAULT_PAUSE_MS = 30_000

const IMPORTED = 'imported'
const REFUSED = 'refused'

/**
 * Adds each file that is put into a folder, once it is complete, until SIGINT or SIGTERM. Prints the outcome of each. A
 * start after a stop goes on, since bytes that an item already shows are not added again.
 *
 * @param move whether files are moved away: to `imported/`, or to `refused/` with the reason beside them
 */
export async function watchFolder(
  config: Config,
  folder: string,
  { move = false, everything = false }: { move?: boolean; everything?: boolean },
): Promise<void> {
  const root = await requireFolder(folder)
  const library = await openForImport(config)
  try {
    const own = await requireApart(root, config)
    const moved = move ? [IMPORTED, REFUSED].map((name) => below(root, name)) : []
    const find = { except: [own, ...moved], everything }
    process.exitCode = await runStoppable(async (signal) => {
      console.log(`Watching ${printable(root.toString())}`)
      const onFault = tellOnce(`${root} cannot be read`)
      const pace = { restMs: REST_MS, pauseMs: LOOK_EVERY_MS, signal, onFault }
      const { files, again } = watchFiles(root, find, pace)
      await addAll({ library, config, root, move, files, again, signal })
      return 0
    }, '')
  } finally {
    await library.close()
  }
}

interface Work {
  library: Library
  config: Config
  root: Buffer
  move: boolean
  files: AsyncGenerator<WatchedEntry>
  again: (entry: WatchedEntry) => void
  signal: AbortSignal
}

async function addAll({ library, config, root, move, files, again, signal }: Work): Promise<void> {
  const add = createAdder(library)
  const tellFault = tellOnce('')
  let moving = Promise.resolve()
  const work = async () => {
    const reading = { maxImageBytes: config.maxImageBytes, memory: allocateFileMemory() }
    for await (const entry of eachOf(files)) {
      try {
        await settle(entry, await importFile(library, add, entry, reading))
      } catch (error) {
        if (!(error instanceof LibraryFault)) throw error
        tellFault(error)
        again(entry)
        await sleep(FAULT_PAUSE_MS, undefined, { signal }).catch(() => {})
      }
    }
  }
  await Promise.all(Array.from({ length: countWorkers(config) }, work))

  async function settle(entry: WatchedEntry, outcome: ImportOutcome) {
    const { path } = entry
    const reason = 'reason' in outcome ? outcome.reason : undefined
    console.log(printable(`${outcome.kind}  ${path}${reason === undefined ? '' : `: ${reason}`}`))
    const sidecarFault = describeSidecarFault(entry, outcome)
    if (sidecarFault !== undefined) console.log(printable(sidecarFault))
    if (!move || outcome.kind === 'failed') return
    // One after another: files that share a sidecar must not miss it.
    moving = moving.then(async () => {
      // Written to meanwhile: what was read may not have been the whole file. It comes again when it is at rest.
      if ((await stateOf(entry)) !== entry.state) return
      const to = reason === undefined ? IMPORTED : REFUSED
      await moveAway(entry, { root, to, ...(reason !== undefined && { reason }) }).catch(
        (error) => {
          console.error(printable(`${path} cannot be moved: ${messageOf(error)}`))
        },
      )
    })
    await moving
  }
}

/** Lets several consumers share a generator: one that stops early does not end it for the others. */
async function* eachOf<Value>(shared: AsyncGenerator<Value>): AsyncGenerator<Value> {
  for (;;) {
    const { value, done } = await shared.next()
    if (done) return
    yield value
  }
}

/** Prints an error, but not the same one again and again. */
function tellOnce(what: string): (error: unknown) => void {
  let last = ''
  return (error) => {
    const line = [what, messageOf(error)].filter(Boolean).join(': ')
    if (line !== last) console.error(printable(line))
    last = line
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const below = (root: Buffer, name: string): Buffer =>
  Buffer.from(join(root.toString('latin1'), name), 'latin1')
