/** Steps of the tests of `vitrine import --from`: move in, and say what has arrived. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Collection } from '../src/media/collections/collection.ts'
import type { MediaItem } from '../src/media/item.ts'
import { type Client, runCli } from './harness.ts'

type MapLine = Record<string, unknown> & { item?: string; urls?: Record<string, string> }

export interface Moved {
  code: number | null
  /** The last line. */
  counts: string | undefined
  /** Those about refused and failed items, sorted. */
  lines: readonly string[]
  stderr: string
  map: readonly MapLine[]
}

/** @param source its kind, its URL and a token */
export async function moveIn(
  data: string,
  [from, url, token]: readonly [string, string, string | undefined],
  settings: Readonly<Record<string, string>> = {},
): Promise<Moved> {
  const map = join(data, 'moved.jsonl')
  const { code, stdout, stderr } = await runCli(
    data,
    ['import', '--from', from, url, '--map', map, ...(token ? ['--token', token] : [])],
    { settings },
  )
  const lines = stdout.trimEnd().split('\n')
  return {
    code,
    counts: lines.pop(),
    lines: lines.slice(1).sort(),
    stderr,
    map: existsSync(map) ? readMap(map) : [],
  }
}

const readMap = (path: string): MapLine[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line))

/** All items by name, the oldest first, with the paths of their collections. */
export async function arrived(client: Client) {
  const { body } = await client.request<{ collections: Collection[] }>('GET', '/collections')
  const byId = new Map(body.collections.map((collection) => [collection.id, collection]))
  const pathOf = (id: number | null): string => {
    const found = id === null ? undefined : byId.get(id)
    return found ? `${pathOf(found.parent)}/${found.name}` : ''
  }
  const items: (Omit<MediaItem, 'collections'> & { collections: string[] })[] = []
  for (;;) {
    const page = await client.list(`?order=added-asc&limit=1000&offset=${items.length}`)
    const { media } = page.body
    items.push(...media.map((item) => ({ ...item, collections: item.collections.map(pathOf) })))
    if (media.length === 0) return { items, collections: [...byId.keys()].map(pathOf).sort() }
  }
}
