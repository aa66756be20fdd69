import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fold, foldTagCase } from '../src/base/fold.ts'
import { openDatabase } from '../src/database/open.ts'
import { insertItems } from '../src/media/change/insert-many.ts'
import { nearestColorName } from '../src/media/filter/colors.ts'
import type { MediaItem } from '../src/media/item.ts'
import { countVersion } from '../src/media/library.ts'
import { compareKeys, nameKey } from '../src/media/order/keys.ts'
import { type Client, makeDataFolder, type Server, signIn, startServer } from './harness.ts'
import { createRandom } from './hostile/random.ts'
import { locateDatabase } from './postgres.ts'

/** Two chunks of ids, and blocks of every order that have split. */
const COUNT = 5000
const TAGS = ['Rome', 'rome', 'Paris', '東京', 'été', 'a b', ...'abcdefgh']
const TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']
const SIDES = [100, 640, 641, 1000, 4000]
const COLORS = ['#ff0000', '#00aa00', '#0000ff', '#111111', '#fefefe', '#888888']

const random = createRandom(15).next
const pick = <Value>(values: readonly Value[]) =>
  values[Math.floor(random() * values.length)] as Value
const chance = (share: number) => random() < share
const day = (from: number, days: number) =>
  new Date(from + Math.floor(random() * days) * 86_400_000 + 3_600_000)

let server: Server
let client: Client
let items: readonly MediaItem[] = []
beforeAll(async () => {
  const data = makeDataFolder()
  await fill(data)
  server = await startServer({}, data)
  client = await signIn(server)
  items = (await client.list('?order=added-asc')).body.media
  expect(items).toHaveLength(COUNT)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  await server.stop()
})

async function fill(data: string) {
  const database = await openDatabase(await locateDatabase(data))
  await database.write(async (trx) => {
    const files = Array.from({ length: COUNT }, (_, index) => {
      const sha256 = createHash('sha256').update(String(index)).digest('hex')
      return {
        sha256,
        key: `originals/${sha256.slice(0, 3)}/${sha256.slice(0, 32)}.jpg`,
        type: pick(TYPES),
        size: chance(0.5) ? Math.floor(random() * 1000) : Math.floor(random() * 1e9),
        width: pick(SIDES),
        height: pick(SIDES),
        frames: chance(0.1) ? 3 : 1,
        thumbhash: 'AAAA',
        color: pick(COLORS),
        scaled_digest: sha256.slice(0, 22),
        high_digest: sha256.slice(22, 44),
      }
    })
    for (const file of files) await trx.insertInto('files').values(file).execute()
    await countVersion(trx)
    let added_at = Date.UTC(2024, 0, 1)
    const text = () => (chance(0.2) ? pick(['', 'seen', 'Über Alles']) : null)
    await insertItems(
      trx,
      files.map((_, index) => {
        added_at += Math.floor(random() * 20_000_000)
        return {
          file_id: index + 1,
          name: `${pick(['img', 'IMG', 'Ímg', 'b', '猫'])}${Math.floor(random() * 300)}${pick(['', 'x', ' (2)'])}`,
          tags: JSON.stringify([...new Set([pick(TAGS), pick(TAGS)])].slice(0, pick([0, 1, 2]))),
          added_at,
          changed_at: Date.UTC(2026, 0, 1) + Math.floor(random() * 1e9),
          alt: text(),
          description: text() || null,
          credit: text() || null,
          copyright: text() || null,
          source: text() || null,
          rating: pick([0, 0, 1, 2, 3, 4, 5]),
          focus: chance(0.1) ? '{"x":0.5,"y":0.5}' : null,
          taken_at: chance(0.6)
            ? `${day(Date.UTC(2022, 0, 1), 1000)
                .toISOString()
                .slice(0, 19)}${pick(['', 'Z', '+02:00'])}`
            : null,
          added_by: pick(['admin', 'edda', null]),
        }
      }),
    )
  })
  await database.close()
}

const foldedTags = ({ tags }: MediaItem) => tags.map(foldTagCase)
const TRAITS: Record<string, (item: MediaItem) => boolean> = {
  alt: ({ alt }) => alt !== null,
  description: ({ description }) => description !== null,
  credit: ({ credit }) => credit !== null,
  copyright: ({ copyright }) => copyright !== null,
  source: ({ source }) => source !== null,
  tags: ({ tags }) => tags.length > 0,
  collection: ({ collections }) => collections.length > 0,
  location: () => false,
  focus: ({ focus }) => focus !== null,
  rating: ({ rating }) => rating > 0,
  takenAt: ({ takenAt }) => takenAt !== null,
}

/** Whether a time matches a date or a range of dates: compared as texts, which begin alike within a period. */
function isWithin(time: string, dates: string): boolean {
  const [from = '', to = from] = dates.split('..')
  return (
    (from === '' || time.slice(0, from.length) >= from) &&
    (to === '' || time.slice(0, to.length) <= to)
  )
}

/** The contract's meaning of each parameter. */
const MEANINGS: Record<string, (item: MediaItem, value: string) => boolean> = {
  type: ({ type }, value) => value.split(',').some((short) => type === `image/${short}`),
  tag: (item, value) =>
    value.split(',').every((tag) => foldedTags(item).includes(foldTagCase(tag))),
  anyTag: (item, value) =>
    value.split(',').some((tag) => foldedTags(item).includes(foldTagCase(tag))),
  notTag: (item, value) =>
    !value.split(',').some((tag) => foldedTags(item).includes(foldTagCase(tag))),
  collection: ({ collections }, value) => value === 'none' && collections.length === 0,
  has: (item, value) => value.split(',').every((trait) => TRAITS[trait]?.(item)),
  lacks: (item, value) => value.split(',').every((trait) => !TRAITS[trait]?.(item)),
  orientation: ({ width, height }, value) =>
    value === (width > height ? 'landscape' : width < height ? 'portrait' : 'square'),
  animated: ({ frames }, value) => String(frames > 1) === value,
  minWidth: ({ width }, value) => width >= Number(value),
  maxWidth: ({ width }, value) => width <= Number(value),
  minHeight: ({ height }, value) => height >= Number(value),
  maxHeight: ({ height }, value) => height <= Number(value),
  minSize: ({ size }, value) => size >= Number(value),
  maxSize: ({ size }, value) => size <= Number(value),
  minRating: ({ rating }, value) => rating >= Number(value),
  added: ({ timestamp }, value) => isWithin(timestamp, value),
  taken: ({ takenAt }, value) => takenAt !== null && isWithin(takenAt, value),
  addedBy: ({ addedBy }, value) => addedBy === value.toLowerCase(),
  color: ({ color }, value) => nearestColorName(color) === value,
  search: ({ name, tags, alt, description, credit }, value) =>
    [name, ...tags, alt, description, credit].some(
      (text) => text && fold(text).includes(fold(value)),
    ),
}

const RANDOM_VALUES: Record<string, () => string> = {
  type: () => pick(['jpeg', 'png', 'gif,avif', 'heic', 'webp,heic']),
  tag: () => pick(['rome', 'ROME', '東京', 'ÉTÉ', 'a,b', 'nothing', 'A B']),
  anyTag: () => pick(['a,b,c,d', 'rome,paris', 'none', 'h']),
  notTag: () => pick(['rome', 'a,b', 'nothing']),
  collection: () => 'none',
  has: () => pick(['alt', 'tags,rating', 'takenAt', 'focus', 'location', 'description']),
  lacks: () => pick(['alt', 'tags', 'takenAt,rating', 'location', 'credit,source']),
  orientation: () => pick(['landscape', 'portrait', 'square']),
  animated: () => pick(['true', 'false']),
  minWidth: () => pick(['0', '640', '641', '4001']),
  maxWidth: () => pick(['99', '100', '640', '5000']),
  minHeight: () => pick(['641', '1000']),
  maxHeight: () => pick(['640', '3999']),
  minSize: () => pick(['0', '500', '1000', '500000000']),
  maxSize: () => pick(['499', '1000', '700000000']),
  minRating: () => pick(['0', '1', '3', '5']),
  added: () =>
    pick(['2024', '2024-03', '2025..2026', '..2024-06-15', '2026-01..', '2024-05-05..2024-05-09']),
  taken: () => pick(['2022', '2023-02', '2022-05..2023', '..2022-03-04', '2024..', '2023-07-07']),
  addedBy: () => pick(['admin', 'Edda', 'nobody']),
  color: () => pick(['red', 'green', 'blue', 'black', 'white', 'gray', 'pink']),
  search: () => pick(['img1', 'rom', 'uber', 'x', '猫', 'seen', 'zzz']),
}

type Compare = (one: MediaItem, other: MediaItem) => number
const byId: Compare = (one, other) => one.id - other.id
const byNumber =
  (of: (item: MediaItem) => number): Compare =>
  (one, other) =>
    of(one) - of(other)
const ORDERS: Record<string, Compare> = {
  added: byId,
  name: (one, other) => compareKeys(nameKey(one.name), nameKey(other.name)),
  size: byNumber(({ size }) => size),
  changed: byNumber(({ changedAt }) => Date.parse(changedAt)),
  taken: byNumber(({ takenAt }) => Date.parse(`${takenAt?.slice(0, 19)}Z`)),
}

/** The whole order, sorted without any index. */
function sort(found: readonly MediaItem[], order: string): MediaItem[] {
  const [key = '', direction] = order.split('-')
  const compare = ORDERS[key] ?? byId
  const sign = direction === 'desc' ? -1 : 1
  return [...found].sort((one, other) => {
    if (key === 'taken' && (one.takenAt === null) !== (other.takenAt === null)) {
      return one.takenAt === null ? 1 : -1
    }
    const difference = key === 'taken' && one.takenAt === null ? 0 : compare(one, other)
    return sign * (difference || byId(one, other))
  })
}

async function expectList(filter: Record<string, string>, order: string) {
  const found = sort(
    items.filter((item) =>
      Object.entries(filter).every(([name, value]) => MEANINGS[name]?.(item, value)),
    ),
    order,
  ).map(({ id }) => id)
  const limit = pick([1, 20, 50])
  const offset = pick([0, Math.floor(random() * found.length), Math.max(0, found.length - 5)])
  const query = new URLSearchParams({
    ...filter,
    order,
    limit: String(limit),
    offset: String(offset),
  })
  const { status, body, headers } = await client.list(`?${query}`)
  const page = found.slice(offset, offset + limit)
  expect({
    query: String(query),
    status,
    total: Number(headers.get('x-total-count')),
    ids: body.media?.map(({ id }) => id),
    max: body.max,
    from: body.from,
    to: body.to,
  }).toEqual({
    query: String(query),
    status: 200,
    total: found.length,
    ids: page,
    max: Math.ceil(found.length / limit),
    from: page.length === 0 ? 0 : offset + 1,
    to: page.length === 0 ? 0 : offset + page.length,
  })
  for (const item of body.media) expect(item).toEqual(items[item.id - 1])
}

const randomOrder = () => `${pick(Object.keys(ORDERS))}-${pick(['asc', 'desc'])}`

describe('a filtered and ordered list', () => {
  it.each(Object.keys(RANDOM_VALUES))('holds exactly the items that match %s', async (name) => {
    for (let round = 0; round < 6; round++) {
      await expectList({ [name]: RANDOM_VALUES[name]?.() ?? '' }, randomOrder())
    }
  })

  it('holds exactly the items that match any combination', async () => {
    for (let round = 0; round < 150; round++) {
      const names = Object.keys(RANDOM_VALUES).filter(() => chance(0.12))
      const filter = Object.fromEntries(names.map((name) => [name, RANDOM_VALUES[name]?.() ?? '']))
      const isReversed = ['Width', 'Height', 'Size'].some(
        (side) => Number(filter[`min${side}`] ?? 0) > Number(filter[`max${side}`] ?? Infinity),
      )
      if (!isReversed) await expectList(filter, randomOrder())
    }
  })

  it.each(Object.keys(ORDERS).flatMap((key) => [`${key}-asc`, `${key}-desc`]))(
    'is whole in the order %s, however it is read',
    async (order) => {
      const ids = sort(items, order).map(({ id }) => id)
      const whole = await client.list(`?order=${order}`)
      expect(whole.body.media.map(({ id }) => id)).toEqual(ids)
      const filtered = await client.list(`?order=${order}&animated=false`)
      const still = new Set(items.filter(({ frames }) => frames === 1).map(({ id }) => id))
      expect(filtered.body.media.map(({ id }) => id)).toEqual(ids.filter((id) => still.has(id)))
      for (const offset of [0, 511, 512, 2500, COUNT - 1, COUNT]) {
        const { body } = await client.list(`?order=${order}&limit=3&offset=${offset}`)
        expect(body.media.map(({ id }) => id)).toEqual(ids.slice(offset, offset + 3))
      }
    },
  )

  it('follows changes at once', async () => {
    const current = [...items]
    for (const id of [1, 77, 2500, 4096, 4097, COUNT]) {
      const changes = {
        name: `zz ${id}`,
        tags: ['Fresh', 'Rome'],
        rating: 5,
        takenAt: `2030-01-01T00:00:${String(id % 60).padStart(2, '0')}`,
        alt: 'new text',
      }
      const { body } = await client.request('PATCH', `/media/item/${id}`, { json: changes })
      current[id - 1] = body.media
      items = current
      await expectList({ tag: 'fresh' }, 'taken-asc')
      await expectList({ minRating: '5', search: 'new text' }, 'changed-desc')
      await expectList({ has: 'takenAt', taken: '2030' }, 'name-desc')
      await expectList({}, 'name-desc')
      await expectList({}, 'taken-asc')
    }
  })

  it('answers 304 until the library changes', async () => {
    const path = '/media?type=jpeg&order=name-asc&limit=5'
    const first = await client.request('GET', path)
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    expect((await client.request('GET', path, { headers })).status).toBe(304)
    await client.request('PATCH', '/media/item/9', { json: { rating: 1 } })
    expect((await client.request('GET', path, { headers })).status).toBe(200)
  })

  it.each([
    ['type=bmpp', 'type is "bmpp"; it must be jpeg,'],
    ['type=jpeg&type=png', 'type is given more than once.'],
    ['minWidth=-1', 'minWidth is "-1"'],
    ['minWidth=5&maxWidth=4', 'minWidth must not be larger than maxWidth.'],
    ['added=2026-02-30', 'added is "2026-02-30"'],
    ['order=name', 'order is "name"; it must be added-asc,'],
    ['order=collection', 'that needs the id of a collection'],
    ['has=everything', 'has is "everything"'],
    ['in=nowhere', 'in is "nowhere"; it must be library or trash.'],
    ['collection=x', 'collection is "x"; it must be the id of a collection, or none.'],
    [`anyTag=${Array.from({ length: 65 }, (_, n) => n).join(',')}`, 'at most 64 in all'],
  ])('refuses %s', async (query, detail) => {
    const { status, body } = await client.request('GET', `/media?${query}`)
    expect([status, body.data]).toEqual([400, 'Invalid parameters'])
    expect(body.detail).toContain(detail)
  })

  it('takes an empty parameter for an absent one', async () => {
    const { body, headers } = await client.list('?type=&tag=&minWidth=&in=&order=&limit=2')
    expect(body.media.map(({ id }) => id)).toEqual([COUNT, COUNT - 1])
    expect(headers.get('x-total-count')).toBe(String(COUNT))
  })
})
