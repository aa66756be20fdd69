import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FastifyBaseLogger } from 'fastify'
import { heard } from '../../base/heard.ts'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare } from '../../database/prepared.ts'
import { readVersion } from '../library-state.ts'
import type { AlikeIndex, Signatures } from './alike-index.ts'
import { STEPS } from './signature.ts'

/**
 * Images at most this far apart are near duplicates. Copies of a photograph in another size, format or quality, or cut
 * by a few pixels, are at most 0.03 apart. Different photographs are at least 0.13 apart.
 */
const MOST_DISTANCE = 0.05
/** Up to this many files, the request waits for the groups: some two seconds. */
const MOST_WAITED_FOR = 100_000
/** Files that are asked for at a time. */
const FILES_AT_ONCE = 1000

/** Files that look almost alike, ascending. At least two, each of some item of the library. */
export type FileGroup = readonly number[]

/**
 * Returns a function that finds all groups of near duplicates, the group with the newest first file first. The work is
 * done by a thread of its own, once for all who ask meanwhile, and again only when files were added. In a large library
 * that takes up to half a minute, and requests meanwhile get the earlier groups.
 */
export function createNearFiles(
  database: Database,
  index: AlikeIndex,
  log: FastifyBaseLogger,
): () => Promise<readonly FileGroup[]> {
  let known: { count: number; last: number; groups: readonly Uint32Array[] } | undefined
  let shown: { version: number; groups: readonly FileGroup[] } | undefined
  let grouping: Promise<void> | undefined
  let finding: Promise<readonly FileGroup[]> | undefined

  async function find(): Promise<readonly FileGroup[]> {
    const { version } = await readVersion(database.read)
    if (shown?.version === version) return shown.groups
    const signatures = await index.read()
    const { count, files } = signatures
    if (known?.count !== count || known.last !== (files[count - 1] ?? 0)) {
      grouping ??= group(signatures).finally(() => {
        grouping = undefined
      })
      if (!known || count <= MOST_WAITED_FOR) await grouping
      else grouping.catch((error) => log.error({ err: error }, 'Near duplicates were not found'))
    }
    const groups = await keepLive(database, known?.groups ?? [])
    // While new groups are being found, the next request must look again.
    if (!grouping) shown = { version, groups }
    return groups
  }

  async function group(signatures: Signatures) {
    const { count, files } = signatures
    const last = files[count - 1] ?? 0
    known = { count, last, groups: await groupAside(signatures) }
  }

  return () => {
    finding ??= find().finally(() => {
      finding = undefined
    })
    return finding
  }
}

/** @returns groups of ids of files */
async function groupAside({ count, files, image }: Signatures): Promise<Uint32Array[]> {
  const ids = files.slice(0, count)
  const vectors = { ...image, numbers: image.numbers.slice(0, count * image.dimensions) }
  const workerData = { vectors, count, most: MOST_DISTANCE * STEPS }
  const thread = heard(new Worker(new URL('./near-thread.ts', import.meta.url), { workerData }))
  const [groups]: Uint32Array[][] = await once(thread, 'message')
  return (groups ?? []).map((group) => group.map((place) => ids[place] ?? 0))
}

/** Leaves out the files that no item of the library has. */
async function keepLive(
  { run }: Database,
  groups: readonly Uint32Array[],
): Promise<readonly FileGroup[]> {
  const members = groups.flatMap((group) => [...group])
  const live = new Set<number>()
  for (let start = 0; start < members.length; start += FILES_AT_ONCE) {
    const some = members.slice(start, start + FILES_AT_ONCE)
    for (const { file_id } of await run(findLive, JSON.stringify(some))) live.add(file_id)
  }
  return groups
    .map((group) => [...group].filter((file) => live.has(file)))
    .filter(({ length }) => length > 1)
    .sort(([one = 0], [other = 0]) => other - one)
}

const findLive = prepare((db, files: Parameter<string>) =>
  db
    .selectFrom('media')
    .select('file_id')
    .distinct()
    .where('file_id', 'in', listed<number>(db, 'bigint', files))
    .where('trashed_at', 'is', null)
    .compile(),
)
