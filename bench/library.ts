/**
 * The large libraries. They take minutes to fill, so they are kept in `bench/library/` and on the
 * PostgreSQL server from one run to the next.
 */
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import type { DatabaseLocation } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import type { Queries } from '../src/database/tables.ts'
import { POSTGRES_SERVER } from '../test/postgres.ts'
import type { Engine } from './comparison.ts'
import { deriveAll, insertRows } from './derive-later.ts'
import { createPhotoNames, fillPhotos, type Named } from './fill-photos.ts'

/** Increase this when their contents change, so that they are filled again. */
const RECIPE = 2
const FOLDER = join(import.meta.dirname, 'library')
/** Items per transaction. Each transaction rewrites pages of every index, so a few large ones cost less. */
const ITEMS_AT_ONCE = 250_000
/** The same on PostgreSQL, which takes them as JSON. */
const ROWS_AT_ONCE = 5000
const CACHE_KIB = 1024 * 1024
const CONNECTIONS = 8

/** Search texts that each match exactly five items. */
export const RARE = {
  '1 character, Latin': 'þ',
  '2 characters, Latin': 'qj',
  '3 characters, Latin': 'xqz',
  '12 characters, Latin': 'sunsetharbor',
  '1 character, Japanese': '鱧',
  '2 characters, Japanese': '蛍狩',
  '3 characters, Japanese': '雪見酒',
  '12 characters, Japanese': '東京京都富士山夏祭り海猫',
  'two terms, a rare and a common one': 'zugspitze album',
  'two terms of which each has a thousand hits': 'regatta matinee',
} as const

/** The item names that these searches find. */
const RARE_NAMES = [
  'Tingvellir þ',
  'Seqjord',
  'Xqzanthus',
  'Sunsetharbor',
  '鱧',
  '蛍狩',
  '雪見酒',
  '東京京都富士山夏祭り海猫',
  'Zugspitze',
  'Regatta Matinee',
]
export const RARE_HITS = 5

/** Matches one item in ten. */
export const COMMON = 'album'
const COMMON_EVERY = 10
const COMMON_AT = 3

export interface KeptLibrary {
  engine: Engine
  items: number
  data: string
  /** Settings for a server on this library. */
  settings: Readonly<Record<string, string>>
  location: DatabaseLocation
}

/** Returns the library with this many items, and fills it first if it does not exist yet. */
export async function keepLibrary(engine: Engine, items: number): Promise<KeptLibrary> {
  const name = `${engine.toLowerCase()}-r${RECIPE}-${items}`
  const data = join(FOLDER, name)
  mkdirSync(FOLDER, { recursive: true })
  for (const other of readdirSync(FOLDER)) {
    const isOld = /^(?:sqlite|postgresql)-/.test(other) && !other.includes(`-r${RECIPE}-`)
    if (isOld) rmSync(join(FOLDER, other), { recursive: true })
  }
  return engine === 'SQLite'
    ? keepSqlite({ engine, items, data })
    : keepPostgres({ engine, items, data }, `vitrine_bench_r${RECIPE}_${items}`)
}

type Plan = Pick<KeptLibrary, 'engine' | 'items' | 'data'>

async function keepSqlite(plan: Plan): Promise<KeptLibrary> {
  const library = { ...plan, settings: {}, location: join(plan.data, 'vitrine.db') }
  if (existsSync(plan.data)) {
    // Read the file, so that the first measurement does not wait for the disk.
    for await (const _ of createReadStream(library.location, { highWaterMark: 1 << 20 }));
    return library
  }
  const filling = `${plan.data}-filling`
  rmSync(filling, { recursive: true, force: true })
  await fill(join(filling, 'vitrine.db'), plan)
  renameSync(filling, plan.data)
  return library
}

async function keepPostgres(plan: Plan, name: string): Promise<KeptLibrary> {
  mkdirSync(plan.data, { recursive: true })
  const location = locatePostgres(name)
  const settings = { VITRINE_DATABASE_URL: location.url }
  const server = new pg.Client({ connectionString: POSTGRES_SERVER })
  await server.connect()
  try {
    const { rows } = await server.query(
      `SELECT datname FROM pg_database WHERE datname LIKE 'vitrine\\_bench\\_r%'`,
    )
    const names = rows.map(({ datname }) => String(datname))
    for (const other of names) {
      const isOld =
        !other.startsWith(`vitrine_bench_r${RECIPE}_`) || /_(?:filling|copy)$/.test(other)
      if (isOld) await server.query(`DROP DATABASE ${other} WITH (FORCE)`)
    }
    if (names.includes(name)) return { ...plan, settings, location }
    await server.query(`CREATE DATABASE ${name}_filling TEMPLATE template0 ENCODING 'UTF8'`)
    // A library that is half filled is filled anew, so nothing need wait for the disk.
    await server.query(`ALTER DATABASE ${name}_filling SET synchronous_commit = off`)
    await fill(locatePostgres(`${name}_filling`), plan)
    await server.query(`ALTER DATABASE ${name}_filling RESET synchronous_commit`)
    await server.query(`ALTER DATABASE ${name}_filling RENAME TO ${name}`)
    return { ...plan, settings, location }
  } finally {
    await server.end()
  }
}

export function locatePostgres(database: string) {
  const url = new URL(POSTGRES_SERVER)
  url.pathname = `/${database}`
  return { url: url.href, connections: CONNECTIONS }
}

/**
 * @param later whether all that takes long is derived at the end, and not as an import does
 * @returns the duration in seconds
 */
async function fill(
  location: DatabaseLocation,
  { engine, items }: Plan,
  { later = true } = {},
): Promise<number> {
  console.log(`${engine}: filling a library of ${items.toLocaleString('en')} items…`)
  const start = performance.now()
  const database = await openDatabase(location)
  // The server's own cache holds one in ten of the pages that a large transaction changes.
  if (typeof location === 'string') await database.write((trx) => enlargeCache(trx))
  const indexes = typeof location === 'string' ? undefined : await withoutGrams(location.url)
  await fillPhotos(database, items, {
    itemsAtOnce: engine === 'SQLite' ? ITEMS_AT_ONCE : ROWS_AT_ONCE,
    next: createNames(items),
    ...(later && { insert: insertRows }),
  })
  if (later) await deriveAll(database)
  await indexes?.restore()
  const seconds = (performance.now() - start) / 1000
  await database.close()
  const size =
    typeof location === 'string' ? `, ${Math.round(statSync(location).size / 1e6)} MB` : ''
  console.log(`${engine}: filled in ${seconds.toFixed(1)} s${size}`)
  return seconds
}

/** Drops the large index. To build it at the end takes a fraction of the time of updating it. */
async function withoutGrams(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(
    `SELECT indexdef FROM pg_indexes WHERE indexname = 'media_search_grams'`,
  )
  await client.query('DROP INDEX media_search_grams')
  return {
    async restore() {
      await client.query(`SET maintenance_work_mem = '1GB'`)
      await client.query(rows[0].indexdef)
      // The server's autovacuum does this too, after a while.
      await client.query('VACUUM ANALYZE')
      await client.end()
    },
  }
}

/** Fills an SQLite library and deletes it. @returns the duration in seconds */
export async function fillAnew(items: number): Promise<number> {
  mkdirSync(FOLDER, { recursive: true })
  const data = mkdtempSync(join(FOLDER, 'anew-'))
  try {
    return await fill(join(data, 'vitrine.db'), { engine: 'SQLite', items, data }, { later: false })
  } finally {
    rmSync(data, { recursive: true })
  }
}

const enlargeCache = (trx: Queries) => sql`PRAGMA cache_size = ${sql.lit(-CACHE_KIB)}`.execute(trx)

/** Names as of photographs, with the ones that the searches look for among them. */
function createNames(items: number): (index?: number) => Named {
  const next = createPhotoNames()
  const rare = new Map<number, string>()
  const count = RARE_HITS * RARE_NAMES.length
  // Place all of them in items that also have the common word.
  const apart = COMMON_EVERY * Math.floor(items / count / COMMON_EVERY)
  for (let turn = 0; turn < count; turn++) {
    rare.set(COMMON_AT + turn * apart, RARE_NAMES[turn % RARE_NAMES.length] ?? '')
  }
  const thousand = Math.max(20, Math.floor(items / 1000))
  return (index = 0) => {
    const { name, tags } = next()
    const words = [rare.get(index) ?? name]
    if (index % COMMON_EVERY === COMMON_AT) words.push('Album')
    if (index % thousand === thousand >> 1) words.push('Regatta')
    if (index % thousand === thousand >> 2) words.push('Matinee')
    return { name: words.join(' '), tags }
  }
}
