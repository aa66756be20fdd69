import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'

/** What a library consists of, read behind the server's back. */
export interface Stock {
  /** Ids of the items, ascending. */
  media: number[]
  /** SHA-256 by storage key: what the rows say, and what the disk holds. */
  named: Record<string, string>
  stored: Record<string, string>
  /** Keys in the journal. */
  journal: string[]
  /** Paths in the temporary folder that are neither empty nor a live process's own folder. */
  temporary: string[]
}

export async function takeStock(data: string): Promise<Stock> {
  const database = new DatabaseSync(join(data, 'vitrine.db'), { readOnly: true })
  const select = (sql: string) => database.prepare(sql).all() as Record<string, unknown>[]
  try {
    const media = select('SELECT id FROM media ORDER BY id').map(({ id }) => Number(id))
    // Derived from the items, and in step with them.
    const indexed = select('SELECT rowid AS id FROM media_search ORDER BY rowid')
    expect(indexed.map(({ id }) => id)).toEqual(media)
    const counts = select('SELECT level, sum(count) AS items FROM media_counts GROUP BY level')
    for (const { items } of counts) expect(items).toBe(media.length)
    expect(counts.length).toBe(media.length > 0 ? 2 : counts.length)
    expect(select('SELECT tag, count FROM tags ORDER BY tag')).toEqual(
      select(`SELECT value AS tag, count(*) AS count
        FROM media, json_each(iif(json_valid(media.tags), media.tags, '[]'))
        GROUP BY value ORDER BY value`),
    )
    const files = select('SELECT key, sha256 FROM files UNION ALL SELECT key, sha256 FROM variants')
    return {
      media,
      named: Object.fromEntries(files.map(({ key, sha256 }) => [key, String(sha256)])),
      journal: select('SELECT key FROM journal').map(({ key }) => String(key)),
      stored: await hashFiles(data),
      temporary: await findTemporary(data),
    }
  } finally {
    database.close()
  }
}

/**
 * Every row has its file, whole, and every file its row; nobody at work has left anything. Holds
 * while no request is under way.
 */
export async function expectConsistent(data: string): Promise<Stock> {
  const stock = await takeStock(data)
  expect(stock.stored).toEqual(stock.named)
  expect(stock.temporary).toEqual([])
  return stock
}

async function hashFiles(data: string): Promise<Record<string, string>> {
  const stored: Record<string, string> = {}
  for (const kind of ['originals', 'variants']) {
    const folder = join(data, 'files', kind)
    if (!existsSync(folder)) continue
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue
      const path = join(entry.parentPath, entry.name)
      const key = path.slice(join(data, 'files/').length)
      stored[key] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    }
  }
  return stored
}

async function findTemporary(data: string): Promise<string[]> {
  const root = join(data, 'tmp')
  const found = await readdir(root, { recursive: true })
  // `<pid>-…` is a process's own.
  const isOwn = (path: string) => existsSync(`/proc/${Number.parseInt(path, 10)}`)
  return found.filter((path) => path.includes('/') || !isOwn(path))
}
