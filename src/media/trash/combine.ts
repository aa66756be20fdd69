import { foldTagCase } from '../../base/fold.ts'
import type { WrittenItem } from '../change/edit.ts'
import type { DetailedItem, Translations } from '../item.ts'
import { MAX_COLLECTIONS_OF_ITEM, MAX_TRANSLATIONS } from '../members.ts'
import { MAX_TAGS } from '../parameters.ts'
import { haveSameShape } from '../versions/replace.ts'

/** A warning names at most this many things: an answer must not grow with the library. */
const MAX_NAMED = 10

/**
 * Gives an item what it lacks and others have: their tags and collections, and each missing text, rating, time and
 * focus, from the first of the others that has one. Leaves out what is over a limit.
 *
 * @param others the first one that has a value gives it
 * @param open the collections that an item can be put into
 * @returns the item afterwards, and a sentence for each member of which something was left out
 */
export function combine(
  item: DetailedItem,
  others: readonly DetailedItem[],
  open: ReadonlySet<number>,
): { combined: WrittenItem; warnings: string[] } {
  const first = <Name extends keyof DetailedItem>(name: Name): DetailedItem[Name] =>
    item[name] ?? others.find((other) => other[name] !== null)?.[name] ?? item[name]
  const tags = addUpTo(MAX_TAGS, item.tags, unknownTags(item, others))
  const collections = addUpTo(
    MAX_COLLECTIONS_OF_ITEM,
    item.collections,
    new Set(others.flatMap((other) => other.collections))
      .difference(new Set(item.collections))
      .intersection(open),
  )
  const translations = mergeTranslations(item, others)
  const combined = {
    id: item.id,
    name: item.name,
    tags: tags.all,
    alt: first('alt'),
    description: first('description'),
    credit: first('credit'),
    copyright: first('copyright'),
    source: first('source'),
    takenAt: first('takenAt'),
    rating: item.rating || (others.find(({ rating }) => rating > 0)?.rating ?? 0),
    // A focus is a point of the image, so it fits only another image of the same shape.
    focus:
      item.focus ??
      others.find((other) => other.focus !== null && haveSameShape(other, item))?.focus ??
      null,
    translations: Object.fromEntries(translations.all),
    collections: collections.all.sort((a, b) => a - b),
  }
  const warnings = [
    ...warn('tags', MAX_TAGS, tags.rest),
    ...warn('collections', MAX_COLLECTIONS_OF_ITEM, collections.rest),
    ...warn(
      'translations',
      MAX_TRANSLATIONS,
      translations.rest.map(([language]) => language),
    ),
  ]
  return { combined, warnings }
}

/** The tags of the others that the item lacks, whatever their case. */
function unknownTags(item: DetailedItem, others: readonly DetailedItem[]): Iterable<string> {
  const known = new Set(item.tags.map(foldTagCase))
  return others.flatMap(({ tags }) =>
    tags.filter((tag) => {
      const key = foldTagCase(tag)
      return !known.has(key) && known.add(key)
    }),
  )
}

/** If the item has a language already, the language gets only the missing texts. */
function mergeTranslations(item: DetailedItem, others: readonly DetailedItem[]) {
  const all = new Map(Object.entries(item.translations))
  for (const { translations } of others) {
    for (const [language, texts] of Object.entries(translations)) {
      all.set(language, { ...texts, ...all.get(language) })
    }
  }
  const { all: kept, rest } = addUpTo<[string, Translations[string]]>(MAX_TRANSLATIONS, [], all)
  return { all: kept.sort(([a], [b]) => (a < b ? -1 : 1)), rest }
}

function addUpTo<Value>(most: number, own: readonly Value[], more: Iterable<Value>) {
  const all = [...own, ...more]
  // An item may have more than `most` if an earlier version had another limit.
  const rest = all.splice(Math.max(most, own.length))
  return { all, rest }
}

function warn(what: string, most: number, rest: readonly (string | number)[]): string[] {
  if (rest.length === 0) return []
  const named = rest.slice(0, MAX_NAMED).map((value) => JSON.stringify(value))
  if (rest.length > MAX_NAMED) named.push(`${rest.length - MAX_NAMED} more`)
  return [`These ${what} were left out, because an item can have ${most}: ${named.join(', ')}.`]
}
