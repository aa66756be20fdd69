import { resolve } from 'node:path'
import { UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'
import { findUrlFault } from '../http/outgoing/find-url-fault.ts'
import { createAdder } from '../media/change/add-many.ts'
import type { Library } from '../media/library.ts'
import { readVersion } from '../media/library-state.ts'
import { LibraryFault } from '../transfer/import/import-file.ts'
import { type Mapping, openMapping } from '../transfer/move-in/mapping.ts'
import { type MoveOutcome, moveItem } from '../transfer/move-in/move-item.ts'
import { newAddress } from '../transfer/move-in/new-address.ts'
import { placeCollections } from '../transfer/move-in/place-collections.ts'
import { SourceFault } from '../transfer/move-in/site.ts'
import type { Source, SourceItem } from '../transfer/move-in/source.ts'
import { SOURCES } from '../transfer/move-in/sources.ts'
import { startProgress } from '../transfer/progress.ts'
import { countWorkers, openForImport } from './import.ts'
import { runStoppable } from './stoppable.ts'

/** After this many originals in a row for which the source did not answer, it is away. */
const MAX_UNREACHABLE_IN_A_ROW = 10

/**
 * Adds every image of another program, with what people wrote of it there. Prints each refused or failed item at once,
 * and the counts at the end. A second run goes on where the first one stopped, by the mapping that it writes, and
 * without that by the bytes.
 *
 * @param address URL of the program
 */
export async function moveIn(
  config: Config,
  address: string,
  { from, token = config.importToken, map }: { from: string; token?: string; map?: string },
): Promise<void> {
  const load = Object.hasOwn(SOURCES, from) ? SOURCES[from] : undefined
  if (load === undefined) {
    const names = Object.keys(SOURCES).join(', ')
    throw new UsageError(`--from is ${JSON.stringify(from)}; it must be one of ${names}.`)
  }
  const url = readAddress(address)
  const path = resolve(map ?? `moved-${from}-${url.host.replace(/[^\w.-]/g, '-')}.jsonl`)
  process.exitCode = await runStoppable(async (signal) => {
    const stopping = new AbortController()
    const isStopping = AbortSignal.any([signal, stopping.signal])
    const kind = await load()
    const source = await kind.open({ url, token, signal: isStopping })
    const library = await openForImport(config)
    try {
      const { uuid } = await readVersion(library.database.read)
      const mapping = await openMapping(path, { source: from, site: url.href, library: uuid })
      try {
        console.log(`From ${source.site.name}; the mapping is ${path}`)
        return await run({ config, library, source, mapping, signal, stopping, isStopping })
      } finally {
        await mapping.close()
      }
    } finally {
      await library.close()
    }
  }, 'Run it again to go on.')
}

/** @returns the URL of a source, with `/` at its end */
function readAddress(text: string): URL {
  const url = URL.parse(text)
  const fault = url ? findUrlFault(url) : 'is no whole URL, such as https://blog.example.com'
  if (url === null || fault !== undefined) throw new UsageError(`The address ${fault}.`)
  url.search = ''
  url.hash = ''
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

interface Move {
  config: Config
  library: Library
  source: Source
  mapping: Mapping
  /** Aborted by a signal to the process. */
  signal: AbortSignal
  /** Aborted after a fault of the source or of the library. */
  stopping: AbortController
  /** Either. */
  isStopping: AbortSignal
}

/**
 * @returns the exit code
 * @throws the signal's reason when it is aborted, once the counts are printed
 */
async function run(move: Move): Promise<number> {
  const { config, library, source, mapping, signal, stopping, isStopping } = move
  const progress = startProgress('items')
  const counts = { added: 0, known: 0, refused: 0, failed: 0 }
  let unreachableInARow = 0
  let fault: SourceFault | LibraryFault | undefined

  const settle = async (item: SourceItem, outcome: MoveOutcome) => {
    counts[outcome.kind] += 1
    progress.advance()
    for (const line of tell(item, outcome)) progress.print(line)
    if (outcome.kind !== 'failed') await mapping.write(describe(config, item, outcome))
    const isUnreachable = outcome.kind === 'failed' && outcome.isUnreachable === true
    unreachableInARow = isUnreachable ? unreachableInARow + 1 : 0
    if (isUnreachable && unreachableInARow === MAX_UNREACHABLE_IN_A_ROW) {
      throw new SourceFault(`${source.site.name} cannot be read: ${outcome.reason}`)
    }
  }

  const add = createAdder(library)
  const options = {
    site: source.site,
    maxImageBytes: config.maxImageBytes,
    allowedHosts: config.fetchAllow,
    signal: isStopping,
  }
  let lastTurn: Promise<void> = Promise.resolve()
  const work = async (
    items: AsyncIterator<SourceItem>,
    collections: ReadonlyMap<string, number>,
  ) => {
    while (!isStopping.aborted) {
      // Items are fetched at the same time, and added in the order of the source.
      const before = lastTurn
      const turn = Promise.withResolvers<void>()
      lastTurn = turn.promise
      const inTurn = async <Result>(begin: () => Promise<Result>): Promise<Result> => {
        await before
        const result = begin()
        turn.resolve()
        return result
      }
      try {
        const { value: item, done } = await items.next()
        if (done) return
        if (mapping.has(item.id)) {
          counts.known += 1
          progress.advance()
          continue
        }
        const into = (item.collections ?? []).flatMap((id: string) => collections.get(id) ?? [])
        const ids = [...new Set<number>(into)].sort((a, b) => a - b)
        await settle(
          item,
          await moveItem(library, (media) => add(media, inTurn), item, ids, options),
        )
      } finally {
        void before.then(turn.resolve)
      }
    }
  }
  const stop = (error: unknown) => {
    // What is cut short by a stop is no fault of its own.
    if (isStopping.aborted) return
    if (!(error instanceof SourceFault || error instanceof LibraryFault)) throw error
    fault = error
    stopping.abort()
  }
  try {
    const total = await source.count()
    if (total !== undefined) progress.setTotal(total)
    const collections = await placeCollections(library.database, source.collections(), mapping)
    const items = source.items()[Symbol.asyncIterator]()
    await Promise.all(
      Array.from({ length: countWorkers(config) }, () => work(items, collections).catch(stop)),
    )
  } catch (error) {
    stop(error)
  } finally {
    stopping.abort()
    progress.stop()
  }

  const { added, known, refused, failed } = counts
  console.log(`${added} added, ${known} already there, ${refused} refused, ${failed} failed`)
  if (fault) console.error(`${fault.message} Run it again to go on.`)
  else signal.throwIfAborted()
  return fault || refused + failed > 0 ? 1 : 0
}

/** The lines about an item, if there is anything to say. */
function tell({ id, name }: SourceItem, outcome: MoveOutcome): string[] {
  const line = (reason: string) => `${outcome.kind}  ${name} (${id}): ${reason}`
  if ('reason' in outcome) return [line(outcome.reason)]
  return [
    ...(outcome.isTrashed ? [`Item ${outcome.id} in the trash has the same bytes.`] : []),
    ...outcome.losses,
  ].map(line)
}

function describe(
  config: Config,
  { id: item, name, urls }: SourceItem,
  outcome: Exclude<MoveOutcome, { kind: 'failed' }>,
) {
  if (outcome.kind === 'refused') {
    const { kind, reason } = outcome
    return { item, outcome: kind, name, reason, urls: urls.map(({ url }) => url) }
  }
  const { kind, id } = outcome
  const addresses = urls.map((it) => [it.url, newAddress(config, id, it)])
  return { item, id, outcome: kind, name, urls: Object.fromEntries(addresses) }
}
