import { randomBytes } from 'node:crypto'
import type { Database } from '../src/database/database.ts'
import type { Queries } from '../src/database/tables.ts'
import { countVersion } from '../src/media/library.ts'
import { adjustCounts } from '../src/media/rank.ts'
import { indexMedia } from '../src/media/search.ts'
import { countTags } from '../src/media/tags.ts'

/** Items of one transaction. */
const ITEMS_AT_ONCE = 100
const TAGS = 3000
const MAX_TAGS_OF_AN_ITEM = 6

const WORDS = [
  ...['Plage', 'Forêt', 'Château', 'Été', 'Fête', 'Garçon', 'Straße', 'Brücke', 'Übung', 'Möwe'],
  ...[
    'Niño',
    'Playa',
    'Corazón',
    'São Paulo',
    'Kraków',
    'Łódź',
    'Smörgåsbord',
    'Ålesund',
    'Zürich',
  ],
  ...[
    'Garden',
    'Harbour',
    'Sunset',
    'Meeting',
    'Product',
    'Portrait',
    'Birthday',
    'Concert',
    'Snow',
  ],
  ...['東京', '京都', '桜', '富士山', '夏祭り', '海', '猫', '紅葉', '夜景', 'ラーメン', 'カメラ'],
  ...['Москва', 'река', 'зима', 'Невский', 'дача', 'берег', 'свадьба', 'озеро', 'Байкал', 'снег'],
]

/** The most used first. */
export const tagNames: readonly string[] = Array.from({ length: TAGS }, (_, index) => {
  const word = WORDS[index % WORDS.length] ?? ''
  const other = WORDS[(index * 7 + Math.floor(index / WORDS.length)) % WORDS.length] ?? ''
  return index < WORDS.length ? word : `${word} ${other} ${index}`
})

/** What the names and tags of a library of photographs may look like; the same in every run. */
export function createPhotoNames(seed = 1) {
  const random = randomFrom(seed)
  const word = () => WORDS[Math.floor(random() * WORDS.length)] ?? ''
  const chooseTag = zipf(TAGS, random)
  return () => {
    const number = Math.floor(random() * 100_000)
    const words = Array.from({ length: 1 + Math.floor(random() * 3) }, word).join(' ')
    const name =
      random() < 0.3
        ? `IMG_20${10 + (number % 15)}${String(number).padStart(5, '0')}`
        : `${words} ${number}`
    const count = Math.floor(random() * (MAX_TAGS_OF_AN_ITEM + 1))
    const tags = new Set(Array.from({ length: count }, () => tagNames[chooseTag()] ?? ''))
    return { name, tags: [...tags] }
  }
}

/**
 * Makes items with the rows of a real library and no objects: a file, its scaled image, an item, its
 * entries in search index, tags and counts.
 */
export async function fillPhotos(database: Database, items: number, seed = 1): Promise<void> {
  const next = createPhotoNames(seed)
  for (let made = 0; made < items; made += ITEMS_AT_ONCE) {
    await database.write((trx) =>
      insertPhotos(trx, Array.from({ length: Math.min(ITEMS_AT_ONCE, items - made) }, next)),
    )
  }
}

async function insertPhotos(trx: Queries, photos: { name: string; tags: string[] }[]) {
  const added_at = Date.now()
  const digest = () => randomBytes(16).toString('base64url')
  const files = await trx
    .insertInto('files')
    .values(
      photos.map(() => ({
        sha256: randomBytes(32).toString('hex'),
        key: newKey('originals', 'jpg'),
        type: 'image/jpeg',
        size: 4_000_000,
        width: 4000,
        height: 3000,
        frames: 1,
        thumbhash: randomBytes(21).toString('base64'),
        color: '#808080',
        scaled_digest: digest(),
        high_digest: digest(),
      })),
    )
    .returning('id')
    .execute()
  await trx
    .insertInto('variants')
    .values(
      files.map(({ id }) => ({
        file_id: id,
        name: 'scaled' as const,
        key: newKey('variants', 'webp'),
        sha256: randomBytes(32).toString('hex'),
        size: 20_000,
        width: 400,
        height: 300,
      })),
    )
    .execute()
  const ids: number[] = []
  for (const [index, { name, tags }] of photos.entries()) {
    const file_id = files[index]?.id ?? 0
    const { id } = await trx
      .insertInto('media')
      .values({ file_id, name, tags: JSON.stringify(tags), added_at })
      .returning('id')
      .executeTakeFirstOrThrow()
    await indexMedia(trx, id, name, tags)
    ids.push(id)
  }
  await countTags(
    trx,
    [],
    photos.flatMap(({ tags }) => tags),
  )
  await countVersion(trx)
  await adjustCounts(trx, ids, 1)
}

function newKey(kind: string, extension: string): string {
  const hex = randomBytes(16).toString('hex')
  return `${kind}/${hex.slice(0, 3)}/${hex}.${extension}`
}

/** Draws ranks from 0 on, the nth with a probability proportional to 1 / n. */
function zipf(count: number, random: () => number): () => number {
  let sum = 0
  const sums = Array.from({ length: count }, (_, index) => {
    sum += 1 / (index + 1)
    return sum
  })
  return () => {
    const drawn = random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < drawn) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** From 0 to 1, by a linear congruential generator: the same numbers in every run. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
