import type { Queries, Tables } from '../database/tables.ts'
import type { BasePath } from '../http/base-path.ts'
import { type Static, type TSchema, Type } from '../http/schema.ts'
import type { CameraData } from '../images/file-metadata.ts'

/*
 * The one description of an item: its members in their order, the column that each comes from, and its JSON form.
 * The schema, the query, `toItem`, and the SQL that keeps `media_json` in step all come from `MEMBERS` and `URLS`.
 *
 * A new member is one line here and a migration with the SQL that `item-triggers.ts` prints; CONTRIBUTING.md has the
 * steps. `item.test.ts` fails until the triggers of the database write these members.
 */

/** A column of a media row or of its file. */
type Column = { [Table in 'media' | 'files']: `${Table}.${keyof Tables[Table] & string}` }[
  | 'media'
  | 'files']

/** How a column becomes JSON. */
export type JsonForm =
  | 'number'
  | 'text'
  | 'text or null'
  /** Text that is JSON already, in the form of `JSON.stringify`. */
  | 'json'
  | 'json or null'
  /** Milliseconds since 1970 become an ISO 8601 time in UTC. */
  | 'time'
  /** Text that is a JSON array of strings. Text that is not JSON becomes `[]` in `media_json`; `toItem` throws. */
  | 'tags'

export interface Member<Schema extends TSchema = TSchema, Name extends Column = Column> {
  column: Name
  form: JsonForm
  schema: Schema
}

const member = <Name extends Column, Schema extends TSchema>(
  column: Name,
  form: JsonForm,
  schema: Schema,
): Member<Schema, Name> => ({ column, form, schema })

const OptionalText = (description: string) =>
  Type.Union([Type.String(), Type.Null()], { description })

/** The point that crops keep. */
export const Focus = Type.Object({
  x: Type.Number({ minimum: 0, maximum: 1, description: 'From the left of the upright image' }),
  y: Type.Number({ minimum: 0, maximum: 1, description: 'From the top of the upright image' }),
})
export type Focus = Static<typeof Focus>

/** Camera, lens and exposure. Each member is there if the file says it. */
const Camera = Type.Object({
  make: Type.Optional(Type.String()),
  model: Type.Optional(Type.String()),
  lens: Type.Optional(Type.String()),
  exposureTime: Type.Optional(Type.Number({ description: 'Seconds' })),
  fNumber: Type.Optional(Type.Number()),
  iso: Type.Optional(Type.Number()),
  focalLength: Type.Optional(Type.Number({ description: 'Millimetres' })),
  focalLength35: Type.Optional(
    Type.Number({ description: 'Focal length of the same view on 35 mm film, in millimetres' }),
  ),
  software: Type.Optional(Type.String()),
} satisfies Record<keyof CameraData, TSchema>)

/** Alternative texts in other languages, by BCP 47 tag. */
export const Translations = Type.Unsafe<Record<string, { alt?: string; description?: string }>>({
  type: 'object',
  additionalProperties: {
    type: 'object',
    properties: { alt: Type.String(), description: Type.String() },
    additionalProperties: false,
  },
  description: 'Texts in other languages, by BCP 47 tag: `{"de": {"alt": …, "description": …}}`',
})
export type Translations = Static<typeof Translations>

export const MEMBERS = {
  id: member('media.id', 'number', Type.Integer({ minimum: 1 })),
  name: member('media.name', 'text', Type.String({ description: 'Display name' })),
  path: member(
    'files.key',
    'text',
    Type.String({ description: 'Storage key of the original file' }),
  ),
  timestamp: member(
    'media.added_at',
    'time',
    Type.String({ format: 'date-time', description: 'Time of the upload (UTC)' }),
  ),
  tags: member('media.tags', 'tags', Type.Array(Type.String())),
  type: member(
    'files.type',
    'text',
    Type.String({ description: 'MIME type of the original, by its bytes' }),
  ),
  size: member('files.size', 'number', Type.Integer({ description: 'Bytes of the original' })),
  width: member(
    'files.width',
    'number',
    Type.Integer({ description: 'Pixels, after orientation' }),
  ),
  height: member(
    'files.height',
    'number',
    Type.Integer({ description: 'Pixels, after orientation' }),
  ),
  frames: member('files.frames', 'number', Type.Integer({ description: '1 unless animated' })),
  thumbhash: member(
    'files.thumbhash',
    'text',
    Type.String({ description: 'Placeholder image, base64' }),
  ),
  color: member('files.color', 'text', Type.String({ description: 'Dominant colour, #rrggbb' })),
  fileName: member(
    'media.file_name',
    'text or null',
    OptionalText('Name that the file had, with its extension'),
  ),
  alt: member(
    'media.alt',
    'text or null',
    OptionalText(
      'Text for people who cannot see the image. null: nobody has written one yet. "": the image is decorative',
    ),
  ),
  description: member(
    'media.description',
    'text or null',
    OptionalText('At most 10,000 characters'),
  ),
  credit: member('media.credit', 'text or null', OptionalText('Who made the image')),
  copyright: member('media.copyright', 'text or null', OptionalText('Who holds the rights')),
  source: member('media.source', 'text or null', OptionalText('Where the image comes from')),
  rating: member(
    'media.rating',
    'number',
    Type.Integer({ minimum: 0, maximum: 5, description: '0: none' }),
  ),
  focus: member('media.focus', 'json or null', Type.Union([Focus, Type.Null()])),
  takenAt: member(
    'media.taken_at',
    'text or null',
    OptionalText('YYYY-MM-DDTHH:mm:ss in local time, with the zone if it is known'),
  ),
  collections: member(
    'media.collections',
    'json',
    Type.Array(Type.Integer(), { description: 'Ids of the collections that it is in, ascending' }),
  ),
  addedBy: member('media.added_by', 'text or null', OptionalText('Username')),
  changedAt: member(
    'media.changed_at',
    'time',
    Type.String({ format: 'date-time', description: 'Time of its last change (UTC)' }),
  ),
  revision: member(
    'media.revision',
    'number',
    Type.Integer({ description: 'Grows with every change of this item' }),
  ),
}

/** Members that only the route of a single item shows. `media_json` does not have them. */
export const DETAILS = {
  translations: member('media.translations', 'json', Translations),
  exif: member(
    'media.exif',
    'json or null',
    Type.Union([Camera, Type.Null()], {
      description: 'Camera, lens and exposure, as the file says',
    }),
  ),
  location: member(
    'media.location',
    'json or null',
    Type.Union([Type.Object({ lat: Type.Number(), lon: Type.Number() }), Type.Null()]),
  ),
}

/** The member `urls`: immutable addresses of the image, each with the last part that is given here. */
export const URLS = { scaled: 'scaled.webp', high: 'high.webp', template: 'w_{width}.webp' }

export const Urls = Type.Object(
  { scaled: Type.String(), high: Type.String(), template: Type.String() },
  {
    description:
      'Public images, relative and immutable. In `template`, {width} stands for a number of pixels',
  },
)

/** The columns that an item's key is from. */
const KEY_COLUMNS = ['media.focus_key', 'files.scaled_digest'] as const

/** The key in the immutable addresses of an item. */
export const keyOf = ({
  focus_key,
  scaled_digest,
}: {
  focus_key: string | null
  scaled_digest: string
}) => focus_key ?? scaled_digest

/** The immutable addresses of an item or of a version, by its key. */
export const urlsOf = (key: string): Static<typeof Urls> => ({
  scaled: addressOf(key, URLS.scaled),
  high: addressOf(key, URLS.high),
  template: addressOf(key, URLS.template),
})

const ADDRESS_START = '/media/file/'

/** The address of an image in three parts: the text before the key, the key, and the text after it. */
export const addressParts = <Key>(key: Key, file: string) =>
  [ADDRESS_START, key, `/${file}`] as const

export const addressOf = (key: string, file: string): string => addressParts(key, file).join('')

type MemberOf<Members> = Members[keyof Members]
type ShownColumn = MemberOf<typeof MEMBERS>['column'] | (typeof KEY_COLUMNS)[number]
type DetailColumn = MemberOf<typeof DETAILS>['column']

type Schemas<Members extends Readonly<Record<string, Member>>> = {
  [Name in keyof Members]: Members[Name]['schema']
}

const schemasOf = <Members extends Readonly<Record<string, Member>>>(members: Members) =>
  Object.fromEntries(
    Object.entries(members).map(([name, { schema }]) => [name, schema]),
  ) as Schemas<Members>

const PROPERTIES = {
  ...schemasOf(MEMBERS),
  urls: Urls,
}

/** A media item as clients see it. */
export const MediaItem = Type.Object(PROPERTIES, { title: 'Media' })
export type MediaItem = Static<typeof MediaItem>

/** A media item with every member. */
export const DetailedItem = Type.Object(
  {
    ...PROPERTIES,
    ...schemasOf(DETAILS),
  },
  { title: 'DetailedMedia' },
)
export type DetailedItem = Static<typeof DetailedItem>

export const SHOWN_COLUMNS: readonly ShownColumn[] = [
  ...Object.values(MEMBERS).map(({ column }) => column),
  ...KEY_COLUMNS,
]

const DETAIL_COLUMNS: readonly DetailColumn[] = Object.values(DETAILS).map(({ column }) => column)

/** Media rows with the columns of their files that items show. */
export const selectItems = (db: Queries) =>
  db.selectFrom('media').innerJoin('files', 'files.id', 'media.file_id').select(SHOWN_COLUMNS)

/** Like `selectItems`, with the columns that `toDetailedItem` needs. */
export const selectDetailedItems = (db: Queries) => selectItems(db).select(DETAIL_COLUMNS)

type RowOf<Select extends (db: Queries) => { executeTakeFirstOrThrow(): Promise<unknown> }> =
  Awaited<ReturnType<ReturnType<Select>['executeTakeFirstOrThrow']>>
export type ItemRow = RowOf<typeof selectItems>
export type DetailedRow = RowOf<typeof selectDetailedItems>

/** @throws SyntaxError if a column is not JSON, as only in a damaged database */
export const toItem = (row: ItemRow): MediaItem =>
  ({ ...readMembers(MEMBERS, row), urls: urlsOf(keyOf(row)) }) as MediaItem

/** @throws SyntaxError, like `toItem` */
export const toDetailedItem = (row: DetailedRow): DetailedItem =>
  ({ ...toItem(row), ...readMembers(DETAILS, row) }) as DetailedItem

const readMembers = (members: Readonly<Record<string, Member>>, row: object) =>
  Object.fromEntries(
    Object.entries(members).map(([name, { column, form }]) => [
      name,
      toJson(form, (row as Record<string, string | number | null>)[columnName(column)] ?? null),
    ]),
  )

export const columnName = (column: Column) => column.slice(column.indexOf('.') + 1)

function toJson(form: JsonForm, value: string | number | null): unknown {
  if (value === null) return null
  if (form === 'time') return new Date(value).toISOString()
  if (form === 'tags' || form === 'json' || form === 'json or null') {
    return JSON.parse(String(value))
  }
  return value
}

/** Prefixes the addresses in items with the base path under which a proxy publishes the server. */
export interface ItemAddresses {
  inItem<Item extends Pick<MediaItem, 'urls'>>(item: Item): Item
  /** @param json JSON of whole items, in UTF-8 */
  inJson(json: Buffer): Buffer
}

export function createItemAddresses(basePath: BasePath): ItemAddresses {
  if (basePath === '') return { inItem: (item) => item, inJson: (json) => json }
  return {
    inItem(item) {
      const { urls } = item
      const entries = Object.entries(urls).map(([name, text]) => [
        name,
        text.replaceAll(ADDRESS_START, basePath + ADDRESS_START),
      ])
      return { ...item, urls: Object.fromEntries(entries) }
    },
    // Works on bytes without decoding UTF-8, because the text that it searches for is ASCII.
    inJson: (json) =>
      Buffer.from(json.toString('latin1').replaceAll(ADDRESS_STARTS, `$&${basePath}`), 'latin1'),
  }
}

/** The start of each address in `urls`. No text of an item contains it: JSON writes each `"` there as `\"`. */
const ADDRESS_STARTS = /"(?:scaled|high|template)":"/g
