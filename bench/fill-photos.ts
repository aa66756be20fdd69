import { randomBytes } from 'node:crypto'
import type { Database } from '../src/database/database.ts'
import type { Queries } from '../src/database/tables.ts'
import { insertFiles, insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import type { Kind } from '../src/storage/storage.ts'
import type { insertRows } from './derive-later.ts'

/** Items per transaction. */
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

/** Sorted by use, the most used first. */
export const tagNames: readonly string[] = Array.from({ length: TAGS }, (_, index) => {
  const word = WORDS[index % WORDS.length] ?? ''
  const other = WORDS[(index * 7 + Math.floor(index / WORDS.length)) % WORDS.length] ?? ''
  return index < WORDS.length ? word : `${word} ${other} ${index}`
})

/** The name and tags of an item. */
export interface Named {
  name: string
  tags: string[]
}

/** Generates names and tags as a library of photographs may have them; the same in every run. */
export function createPhotoNames(seed = 1) {
  const random = randomFrom(seed)
  const word = () => WORDS[Math.floor(random() * WORDS.length)] ?? ''
  const chooseTag = zipf(TAGS, random)
  return (_index?: number): Named => {
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
 * Adds items with all rows of a real library but without objects: a file, its scaled image, an item, and
 * all that is derived from it.
 * @param insert inserts the items; with `insertRows`, call `deriveAll` when all are there
 */
export async function fillPhotos(
  database: Database,
  items: number,
  {
    seed = 1,
    itemsAtOnce = ITEMS_AT_ONCE,
    next = createPhotoNames(seed),
    insert = insertItems as Insert,
  } = {},
): Promise<void> {
  for (let made = 0; made < items; made += itemsAtOnce) {
    const count = Math.min(itemsAtOnce, items - made)
    const nextPhoto = createPhotos(seed + made, next)
    const photos = Array.from({ length: count }, (_, index) => nextPhoto(made + index))
    await database.write((trx) => insertPhotos(trx, photos, insert))
  }
}

type Insert = typeof insertItems | typeof insertRows

const DAY_MS = 86_400_000
const TYPES = [
  'jpeg',
  'jpeg',
  'jpeg',
  'jpeg',
  'jpeg',
  'jpeg',
  'jpeg',
  'png',
  'webp',
  'gif',
] as const
const COLORS = [
  '#808080',
  '#c0392b',
  '#27ae60',
  '#2980b9',
  '#f1c40f',
  '#111111',
  '#fafafa',
  '#8b4513',
]
/** Width and height. */
const SHAPES = [
  [4000, 3000],
  [6000, 4000],
  [3000, 4000],
  [1920, 1080],
  [1080, 1080],
  [800, 600],
] as const

/** Generates what filters and orders look at, as a library of photographs may have it. */
function createDescriptions(seed: number) {
  const random = randomFrom(seed)
  const pick = <Value>(values: readonly Value[]) =>
    values[Math.floor(random() * values.length)] as Value
  return () => {
    const type = pick(TYPES)
    const [width, height] = pick(SHAPES)
    const taken = new Date(Date.UTC(2015, 0, 1) + Math.floor(random() * 4000 * DAY_MS))
    return {
      file: {
        type: `image/${type}`,
        size: 100_000 + Math.floor(random() ** 3 * 12_000_000),
        width,
        height,
        frames: type === 'gif' ? 20 : 1,
        color: pick(COLORS),
      },
      item: {
        rating: random() < 0.7 ? 0 : 1 + Math.floor(random() * 5),
        alt: random() < 0.3 ? 'A photograph' : null,
        taken_at: random() < 0.8 ? taken.toISOString().slice(0, 19) : null,
        added_by: pick(['ada', 'ada', 'ada', 'bob']),
      },
    }
  }
}

/** The rows of a file with its scaled image, and of an item but for its file and its time. */
export type NewPhoto = ReturnType<ReturnType<typeof createPhotos>>

/** Generates photographs without objects. */
export function createPhotos(seed: number, next: (index?: number) => Named) {
  const describe = createDescriptions(seed)
  const digest = () => randomHex(11)
  return (index?: number) => {
    const { name, tags } = next(index)
    const { file, item } = describe()
    return {
      file: {
        file: {
          ...file,
          sha256: randomHex(32),
          key: inventKey('originals', 'jpg'),
          thumbhash: randomHex(14),
          scaled_digest: digest(),
          high_digest: digest(),
        },
        scaled: {
          key: inventKey('variants', 'webp'),
          sha256: randomHex(32),
          size: 20_000,
          width: 400,
          height: 300,
        },
      },
      item: { name, tags: JSON.stringify(tags), ...item },
    }
  }
}

async function insertPhotos(trx: Queries, photos: readonly NewPhoto[], insert: Insert) {
  const added_at = Date.now()
  await countVersion(trx)
  const ids = await insertFiles(
    trx,
    photos.map(({ file }) => file),
  )
  await insert(
    trx,
    photos.map(({ item }, index) => ({ ...item, file_id: ids[index] ?? 0, added_at })),
  )
}

/** Like `newKey`, but cheaper. */
function inventKey(kind: Kind, extension: string): string {
  const name = randomHex(16)
  return `${kind}/${name.slice(0, 3)}/${name}.${extension}`
}

/** One call for each value would take half the time of filling. */
const randomHex = (() => {
  let pool = ''
  let used = 0
  return (bytes: number): string => {
    if (used + 2 * bytes > pool.length) {
      pool = randomBytes(64 * 1024).toString('hex')
      used = 0
    }
    used += 2 * bytes
    return pool.slice(used - 2 * bytes, used)
  }
})()

/** Draws ranks from 0. The probability of the nth rank is proportional to 1 / n. */
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

/** A linear congruential generator of numbers from 0 to 1, the same sequence in every run. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
