import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '../../database/database.ts'
import { type Static, Type } from '../../http/schema.ts'
import { readVersion } from '../library-state.ts'
import { countLibrary } from './count-library.ts'

/** How long an answer is good while the library changes: counting reads every row. */
const KEPT_MS = 60_000
/** Stands against an answer of any size: a service that adds images may name ever new people. */
const MAX_PEOPLE = 1000

const amountOf = {
  count: Type.Integer({ description: 'How many there are' }),
  bytes: Type.Integer({ description: 'Bytes that they have together' }),
}
const Amounts = (description: string) => Type.Object(amountOf, { description })

export const Statistics = Type.Object(
  {
    at: Type.String({ format: 'date-time', description: 'When this was counted' }),
    items: Amounts('The items of the library, with the bytes of their originals'),
    types: Type.Array(Type.Object({ type: Type.String(), ...amountOf }), {
      description: 'Items of each format, the most bytes first',
    }),
    addedBy: Type.Array(
      Type.Object({ username: Type.Union([Type.String(), Type.Null()]), ...amountOf }),
      {
        description: `Items by who added them, the most first, at most ${MAX_PEOPLE}; null: it is not known`,
      },
    ),
    months: Type.Array(Type.Object({ month: Type.String(), ...amountOf }), {
      description: 'Items by the month (UTC) in which they were added, ascending: `2026-03`',
    }),
    storage: Type.Object(
      {
        originals: Amounts('Originals. One that several items share counts once'),
        scaled: Amounts('Images of the size `scaled`'),
        high: Amounts('Images of the size `high`'),
        sizes: Amounts('Images of all other sizes, also those that they are made from'),
      },
      { description: 'What is stored' },
    ),
    clearable: Type.Object(
      {
        trash: Amounts('Originals that only items in the trash have'),
        versions: Amounts('Originals that only earlier versions of items have'),
        duplicates: Type.Integer({
          description: 'Items beyond the first of each file that several items share',
        }),
      },
      { description: 'What could go. Duplicates share one original, so they take no storage' },
    ),
  },
  { title: 'Statistics' },
)
export type Statistics = Static<typeof Statistics>

/** Tells how much there is in the library, of what, by whom, and what it takes. */
export const statisticsRoute: FastifyPluginAsyncTypebox<{ database: Database }> = async (
  app,
  { database },
) => {
  let known: { version: number; statistics: Statistics } | undefined
  let counting: Promise<Statistics> | undefined

  async function count(): Promise<Statistics> {
    const { version } = await readVersion(database.read)
    const at = await database.now()
    if (known) {
      const isRecent = at - Date.parse(known.statistics.at) < KEPT_MS
      if (known.version === version || isRecent) return known.statistics
    }
    const statistics = describe(at, await countLibrary(database))
    known = { version, statistics }
    return statistics
  }

  app.route({
    method: 'GET',
    url: '/media/statistics',
    config: { access: 'view-media', failure: 'Error counting media' },
    schema: {
      tags: ['media'],
      summary: 'Count what the library has and stores',
      description:
        'Everybody who asks meanwhile gets the same answer. While the library changes, it may be a minute old.',
      response: { 200: Statistics },
    },
    handler: async (_request, reply) => {
      counting ??= count().finally(() => {
        counting = undefined
      })
      return reply.header('cache-control', 'private, no-cache').send(await counting)
    },
  })
}

function describe(at: number, counts: Awaited<ReturnType<typeof countLibrary>>): Statistics {
  const { items, types, people, months, originals, derived, duplicates } = counts
  const nothing = { count: 0, bytes: 0 }
  const stored = [...originals.values()].reduce(
    (sum, { count, bytes }) => ({ count: sum.count + count, bytes: sum.bytes + bytes }),
    nothing,
  )
  return {
    at: new Date(at).toISOString(),
    items,
    types: [...types]
      .map(([type, amount]) => ({ type, ...amount }))
      .sort((one, other) => other.bytes - one.bytes),
    addedBy: [...people]
      .map(([username, amount]) => ({ username, ...amount }))
      .sort((one, other) => other.count - one.count)
      .slice(0, MAX_PEOPLE),
    months: [...months]
      .map(([month, amount]) => ({ month, ...amount }))
      .sort((one, other) => (one.month < other.month ? -1 : 1)),
    storage: {
      originals: stored,
      scaled: derived.get('scaled') ?? nothing,
      high: derived.get('high') ?? nothing,
      sizes: derived.get('sizes') ?? nothing,
    },
    clearable: {
      trash: originals.get('trash') ?? nothing,
      versions: originals.get('versions') ?? nothing,
      duplicates,
    },
  }
}
