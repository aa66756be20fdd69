/** Measures the size of the database of a large library. */
import { openDatabase } from '../src/database/open.ts'
import { type Comparison, type Engine, summarize } from './comparison.ts'
import { measureSizes } from './database-sizes.ts'
import { findEngines } from './engines.ts'
import { keepLibrary } from './library.ts'
import { ITEMS } from './sizes.ts'

/** Bytes an item before the library had filters and orders, and how many times that they may be. */
const FORMER: Readonly<Record<Engine, { bytes: number; items: number; most: number }>> = {
  SQLite: { bytes: 1674, items: 1_000_000, most: 1.4 },
  PostgreSQL: { bytes: 2169, items: 20_000, most: 1.5 },
}

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) {
    const { location } = await keepLibrary(engine, ITEMS)
    const database = await openDatabase(location)
    const sizes = await measureSizes(database.read)
    await database.close()
    const bytes = sizes.values().reduce((sum, size) => sum + size, 0) / ITEMS
    const former = FORMER[engine]
    yield {
      what: 'database, for each item',
      engine,
      measured: summarize([bytes], 'bytes'),
      limit: {
        ...summarize([former.bytes], 'bytes'),
        by: `without facets and orders, ${former.items.toLocaleString('en')} items`,
      },
      ratio: bytes / former.bytes,
      target: { of: 'ratio', most: former.most },
    }
    for (const [part, size] of sizes) {
      const what = `of it ${part}`
      yield { what, engine, measured: summarize([size / ITEMS], 'bytes') }
    }
  }
}
