/** A minimal model of the library as its users see it. The real library is compared with it. */
import type { Focus } from '../../src/media/item.ts'

export interface Item {
  id: number
  name: string
  tags: string[]
  /** Index of its image among the test images. */
  image: number
  focus: Focus | null
  /** Its versions, in ascending order, by index of their images. The last one is present. */
  versions: { version: number; image: number }[]
}

/** The settings' default. */
const KEPT_VERSIONS = 10

/** What an item is after it got another image. No two of the test images have the same shape. */
export function replaceImage(
  { versions, ...item }: Item,
  image: number,
): Pick<Item, 'image' | 'versions' | 'focus'> {
  const version = (versions.at(-1)?.version ?? 0) + 1
  return {
    image,
    versions: [...versions, { version, image }].slice(-1 - KEPT_VERSIONS),
    focus: item.image === image ? item.focus : null,
  }
}

export interface Reference {
  /** Ascending by id. */
  items: Item[]
  /** Those in the trash, in the order in which they came there. */
  trash: Item[]
  /** The options of the preset `thumb`; undefined if there is none. */
  thumb: string | undefined
  /** The SHA-256 of each image that was shown, by what it was made of. */
  shown: Map<string, string>
  /** The largest id that was ever assigned. */
  lastId: number
  /** Number of commands that were run so far. */
  commands: number
}

export interface Query {
  order: 'added-asc' | 'added-desc'
  limit: number | undefined
  offset: number
  search: string
}

export function listItems(items: readonly Item[], { order, limit, offset, search }: Query) {
  const matching = findItems(items, search)
  if (order === 'added-desc') matching.reverse()
  const page = matching.slice(offset, limit === undefined ? undefined : offset + limit)
  return {
    ids: page.map(({ id }) => id),
    total: matching.length,
    max: limit === undefined ? Math.min(matching.length, 1) : Math.ceil(matching.length / limit),
    from: page.length === 0 ? 0 : offset + 1,
    to: page.length === 0 ? 0 : offset + page.length,
  }
}

/** Every term must occur in the name or in one tag. */
export function findItems(items: readonly Item[], search: string): Item[] {
  const terms = search.split(/\s+/).filter((term) => term !== '')
  return items.filter(({ name, tags }) =>
    terms.every((term) => [name, ...tags].some((text) => fold(text).includes(fold(term)))),
  )
}

/** Written independently of the program's folding, and simpler: enough for the words of the test. */
const fold = (text: string) =>
  text
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')

/** Tags are one tag if they differ in case alone. Simple like `fold`. */
export const caseKey = (tag: string) => tag.normalize('NFC').toUpperCase().toLowerCase()

export function retag(tags: readonly string[], add: readonly string[], remove: readonly string[]) {
  const gone = remove.map(caseKey)
  const left = tags.filter((tag) => !gone.includes(caseKey(tag)))
  for (const tag of add) {
    if (!left.some((known) => caseKey(known) === caseKey(tag))) left.push(tag)
  }
  return left
}
