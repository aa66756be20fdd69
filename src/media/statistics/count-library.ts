import { setImmediate as letOthers } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries, VariantName } from '../../database/tables.ts'
import { shortType } from '../filter/facets.ts'

/** Ids that one query counts. On SQLite this process answers nothing else meanwhile: some milliseconds. */
const SLICE = 4096
const DAY_MS = 24 * 60 * 60 * 1000

/** How many there are, and how many bytes they have together. */
export interface Amount {
  count: number
  bytes: number
}

type Sums<Key> = Map<Key, Amount>

export interface LibraryCounts {
  /** Of items outside of the trash, with the bytes of their originals. */
  items: Amount
  /** By the short name of a format. */
  types: Sums<string>
  /** By who added them; null: not known. */
  people: Sums<string | null>
  /** By the month in UTC in which they were added: `2026-03`. */
  months: Sums<string>
  /** Stored originals, by what shows them. One that several items share counts once. */
  originals: Sums<'items' | 'versions' | 'trash'>
  /** Stored derived images. */
  derived: Sums<VariantName | 'sizes'>
  /** Items beyond the first of each file that several items share. */
  duplicates: number
}

/** Counts everything in a library, in one state of the database, in slices between which other work goes on. */
export function countLibrary(database: Database): Promise<LibraryCounts> {
  return database.snapshot(async (trx) => {
    const counts: LibraryCounts = {
      items: { count: 0, bytes: 0 },
      types: new Map(),
      people: new Map(),
      months: new Map(),
      originals: new Map(),
      derived: new Map(),
      duplicates: (await runIn(trx, countDoubles))[0]?.count ?? 0,
    }
    await inSlices(await lastId(trx, 'media'), async (...slice) => {
      for (const row of await runIn(trx, countItems, ...slice)) {
        add(counts.items, row)
        addTo(counts.types, shortType(row.type), row)
        addTo(counts.people, row.added_by, row)
        addTo(counts.months, new Date(row.day * DAY_MS).toISOString().slice(0, 7), row)
      }
    })
    await inSlices(await lastId(trx, 'files'), async (...slice) => {
      for (const row of await runIn(trx, countFiles, ...slice)) {
        addTo(counts.originals, row.use, row)
      }
      for (const row of await runIn(trx, countVariants, ...slice)) {
        addTo(counts.derived, row.name, row)
      }
      for (const row of await runIn(trx, countSizes, ...slice)) {
        addTo(counts.derived, 'sizes', row)
      }
    })
    return counts
  })
}

function add(sum: Amount, { count, bytes }: Amount): void {
  sum.count += count
  sum.bytes += bytes
}

function addTo<Key>(sums: Sums<Key>, key: Key, amount: Amount): void {
  const sum = sums.get(key)
  if (sum) add(sum, amount)
  else if (amount.count > 0) sums.set(key, { count: amount.count, bytes: amount.bytes })
}

/** @param last the highest id */
async function inSlices(
  last: number,
  count: (after: number, last: number) => Promise<void>,
): Promise<void> {
  for (let after = 0; after < last; after += SLICE) {
    await count(after, after + SLICE)
    await letOthers()
  }
}

async function lastId(db: Queries, table: 'media' | 'files'): Promise<number> {
  const row = await db
    .selectFrom(table)
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? 0
}

const countItems = prepare((db, after: Parameter<number>, last: Parameter<number>) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select(({ fn, lit }) => [
      'type',
      'added_by',
      sql<number>`added_at / ${lit(DAY_MS)}`.as('day'),
      fn.countAll<number>().as('count'),
      fn.sum<number>('size').as('bytes'),
    ])
    .where('media.id', '>', after)
    .where('media.id', '<=', last)
    .where('trashed_at', 'is', null)
    .groupBy(['type', 'added_by', 'day'])
    .compile(),
)

const countFiles = prepare((db, after: Parameter<number>, last: Parameter<number>) =>
  db
    .selectFrom((files) =>
      files
        .selectFrom('files')
        .select(({ exists, selectFrom }) => [
          'size',
          sql<'items' | 'versions' | 'trash'>`CASE
            WHEN ${exists(
              selectFrom('media')
                .select('media.id')
                .whereRef('file_id', '=', 'files.id')
                .where('trashed_at', 'is', null),
            )} THEN 'items'
            WHEN ${exists(
              selectFrom('versions')
                .innerJoin('media', 'media.id', 'versions.media_id')
                .select('media.id')
                .whereRef('versions.file_id', '=', 'files.id')
                .where('trashed_at', 'is', null),
            )} THEN 'versions'
            ELSE 'trash' END`.as('use'),
        ])
        .where('files.id', '>', after)
        .where('files.id', '<=', last)
        .as('used'),
    )
    .select(({ fn }) => [
      'use',
      fn.countAll<number>().as('count'),
      fn.sum<number>('size').as('bytes'),
    ])
    .groupBy('use')
    .compile(),
)

const countVariants = prepare((db, after: Parameter<number>, last: Parameter<number>) =>
  db
    .selectFrom('variants')
    .select(({ fn }) => [
      'name',
      fn.countAll<number>().as('count'),
      fn.sum<number>('size').as('bytes'),
    ])
    .where('file_id', '>', after)
    .where('file_id', '<=', last)
    .groupBy('name')
    .compile(),
)

const countSizes = prepare((db, after: Parameter<number>, last: Parameter<number>) =>
  db
    .selectFrom('renditions')
    .select(({ fn, lit }) => [
      fn.countAll<number>().as('count'),
      fn.coalesce(fn.sum<number>('size'), lit(0)).as('bytes'),
    ])
    .where('file_id', '>', after)
    .where('file_id', '<=', last)
    .compile(),
)

const countDoubles = prepare((db) =>
  db
    .selectFrom('doubles')
    .select(({ fn, lit }) =>
      sql<number>`${fn.coalesce(fn.sum<number>('count'), lit(0))} - ${fn.countAll()}`.as('count'),
    )
    .compile(),
)
