import { askWithin, type Database } from '../database/database.ts'
import type { Queries } from '../database/tables.ts'
import { createRecent } from '../recent.ts'
import { compileStateQuery, type ReadState, readState } from './library-state.ts'
import {
  compileListStatements,
  countMatches,
  type ListQuery,
  type ListSummary,
  readPage,
  type Source,
  summarizeList,
} from './list.ts'
import type { Block } from './rank.ts'

/** Longer lists are streamed. */
const MAX_PAGE_ITEMS = 1000
/** Pages that are kept in memory, in bytes: what many people look at while nothing changes. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024
/** What a page costs besides its body, about: those without items are many and small. */
const PAGE_OVERHEAD_BYTES = 1000
/** Searches whose number of matches is kept. */
const MAX_TOTALS = 1000
/** How many blocks may be kept: those of a hundred million items. */
const MAX_BLOCKS = 100_000
/** How often a page is read again because the library changed meanwhile. */
const ATTEMPTS = 3

export interface List {
  summary: ListSummary
  /** The whole answer; undefined if it is too long for one go. */
  body: Buffer | undefined
}

export interface ListReader {
  read(query: ListQuery): Promise<List>
  /** For a transaction of the caller's, in which nothing comes from memory. */
  within(trx: Queries): Source
}

/**
 * Reads lists, and keeps in memory what was derived of the library's present version: counts of
 * blocks, numbers of matches, whole pages.
 *
 * A page costs no transaction. Each of its queries may see the library at another moment, but
 * versions only grow: if the query that reads the items, which is the last, finds the version that
 * was there before the first, all saw the same library. Else the page is read again, and after some
 * attempts within a transaction.
 */
export function createListReader(database: Database, current: ReadState): ListReader {
  const statements = compileListStatements(database.read)
  const stateQuery = compileStateQuery(database.read)
  let memory = createMemory(-1)

  function remember(version: number) {
    if (memory.version !== version) memory = createMemory(version)
    return memory
  }

  /** Reads through the memory of a version. What is newer may come into it: then the page is too. */
  function outside({ blocks, totals }: Memory): Source {
    return {
      ask: database.ask,
      db: database.read,
      statements,
      async readBlocks(level, first, last) {
        const key = `${level} ${first}`
        const known = blocks.get(key)
        if (known) return known
        const read = await database.ask(statements.blocks, level, first, last)
        blocks.set(key, read, read.length)
        return read
      },
      async countMatches(terms) {
        // A folded term may hold a space itself.
        const key = JSON.stringify(terms)
        const known = totals.get(key)
        if (known !== undefined) return known
        const total = await countMatches(database.read, terms)
        totals.set(key, total, 1)
        return total
      },
    }
  }

  function within(trx: Queries): Source {
    const ask = askWithin(trx)
    return {
      ask,
      db: trx,
      statements,
      readBlocks: (...range) => ask(statements.blocks, ...range),
      countMatches: (terms) => countMatches(trx, terms),
    }
  }

  return {
    within,
    async read(query) {
      const key = JSON.stringify(query)
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const { version } = await current()
        const kept = remember(version)
        const known = kept.pages.get(key)
        if (known) return known
        const list = await readAt(version, outside(kept), query)
        if (!list) continue
        if (list.body) kept.pages.set(key, list, list.body.length + PAGE_OVERHEAD_BYTES)
        return list
      }
      return database.read.transaction().execute(async (trx) => {
        const source = within(trx)
        const { version } = await readState(source.ask, stateQuery)
        const list = await readAt(version, source, query)
        if (!list) throw new Error('The version of the library changed within a transaction.')
        return list
      })
    },
  }
}

/** @returns undefined if the library is of another version by now */
async function readAt(
  version: number,
  source: Source,
  query: ListQuery,
): Promise<List | undefined> {
  const summary = await summarizeList(source, query)
  const { from, to, max } = summary
  const count = from === 0 ? 0 : to - from + 1
  if (count > MAX_PAGE_ITEMS) return { summary, body: undefined }
  const end = `],"max":${max},"from":${from},"to":${to}}`
  if (count === 0) return { summary, body: Buffer.from(`{"media":[${end}`) }
  const slice = await readPage(source, query, summary)
  if (slice.version !== version) return undefined
  if (slice.count !== count) {
    throw new Error(`A list has ${slice.count} items where the counts say ${count}.`)
  }
  return { summary, body: joinBody(slice.json ?? '', end) }
}

const OPENING = Buffer.from('{"media":[')

function joinBody(json: Uint8Array | string, end: string): Buffer {
  if (typeof json === 'string') return Buffer.from(`{"media":[${json}${end}`)
  return Buffer.concat([OPENING, json, Buffer.from(end)])
}

type Memory = ReturnType<typeof createMemory>

const createMemory = (version: number) => ({
  version,
  pages: createRecent<List>(MAX_PAGE_BYTES),
  totals: createRecent<number>(MAX_TOTALS),
  blocks: createRecent<readonly Block[]>(MAX_BLOCKS),
})
