import type { Queries } from '../database/tables.ts'
import type { BasePath } from '../http/base-path.ts'
import { type Static, type TSchema, Type } from '../http/schema.ts'

/*
 * The one description of an item: its members in their order, the column that each comes from, and its JSON type.
 * The schema, the query, `toItem`, and the SQL that keeps `media_json` in step all come from `MEMBERS`.
 *
 * To add a member: add the column by a migration, a line here, and in the same migration the triggers that
 * `node src/media/item-triggers.ts` prints. `item.test.ts` fails until the triggers write these members.
 */

/** Columns of a media row (`media`) and of its file (`files`). */
export type Column = `media.${'id' | 'name' | 'tags' | 'added_at'}` | `files.${FileColumn}`
type FileColumn =
  | 'key'
  | 'type'
  | 'size'
  | 'width'
  | 'height'
  | 'thumbhash'
  | 'color'
  | 'scaled_digest'
  | 'high_digest'

/** How a column becomes JSON. */
export type Kind =
  | 'number'
  | 'text'
  /** Milliseconds since 1970 become an ISO 8601 time in UTC. */
  | 'time'
  /** Text that is a JSON array of strings. Text that is not JSON becomes an empty array. */
  | 'tags'
  /** A digest becomes the immutable address of a variant. */
  | { variant: 'scaled' | 'high' }

export interface Member<Schema extends TSchema = TSchema> {
  column: Column
  kind: Kind
  schema: Schema
}

const member = <Schema extends TSchema>(
  column: Column,
  kind: Kind,
  schema: Schema,
): Member<Schema> => ({ column, kind, schema })

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
  thumbhash: member(
    'files.thumbhash',
    'text',
    Type.String({ description: 'Placeholder image, base64' }),
  ),
  color: member('files.color', 'text', Type.String({ description: 'Dominant colour, #rrggbb' })),
}

/** The member `urls`: addresses of the variants. */
export const URLS = {
  scaled: member('files.scaled_digest', { variant: 'scaled' }, Type.String()),
  high: member('files.high_digest', { variant: 'high' }, Type.String()),
}

type Schemas<Members> = {
  [Name in keyof Members]: Members[Name] extends Member<infer Schema> ? Schema : never
}

const schemasOf = <Members extends Readonly<Record<string, Member>>>(members: Members) =>
  Object.fromEntries(
    Object.entries(members).map(([name, { schema }]) => [name, schema]),
  ) as Schemas<Members>

/** A media item as clients see it. */
export const MediaItem = Type.Object(
  {
    ...schemasOf(MEMBERS),
    urls: Type.Object(schemasOf(URLS), { description: 'Public images, relative and immutable' }),
  },
  { title: 'Media' },
)
export type MediaItem = Static<typeof MediaItem>

export const COLUMNS = [...Object.values(MEMBERS), ...Object.values(URLS)].map(
  ({ column }) => column,
)

/** Media rows with the columns of their files that items show. */
export const selectItems = (db: Queries) =>
  db.selectFrom('media').innerJoin('files', 'files.id', 'media.file_id').select(COLUMNS)

export type ItemRow = Awaited<ReturnType<ReturnType<typeof selectItems>['executeTakeFirstOrThrow']>>

/** @throws SyntaxError if the tags are not JSON, as only in a damaged database */
export const toItem = (row: ItemRow): MediaItem => {
  const readAll = (members: Readonly<Record<string, Member>>) =>
    Object.fromEntries(
      Object.entries(members).map(([name, { column, kind }]) => [
        name,
        toJson(kind, row[nameOf(column)]),
      ]),
    )
  return { ...readAll(MEMBERS), urls: readAll(URLS) } as MediaItem
}

export const nameOf = (column: Column) => column.slice(column.indexOf('.') + 1) as keyof ItemRow

function toJson(kind: Kind, value: string | number): unknown {
  if (kind === 'time') return new Date(value).toISOString()
  if (kind === 'tags') return JSON.parse(String(value))
  if (typeof kind === 'object') return addressOf(kind.variant, String(value)).join('')
  return value
}

/** The address of a variant in three parts: the text before the digest, the digest, and the text after it. */
export const addressOf = <Digest>(variant: 'scaled' | 'high', digest: Digest) =>
  ['/media/file/', digest, `/${variant}.webp`] as const

/** Prefixes the addresses in items with the base path under which a proxy publishes the server. */
export interface ItemAddresses {
  inItem(item: MediaItem): MediaItem
  /** @param json JSON of whole items, in UTF-8 */
  inJson(json: Buffer): Buffer
}

export function createItemAddresses(basePath: BasePath): ItemAddresses {
  if (basePath === '') return { inItem: (item) => item, inJson: (json) => json }
  return {
    inItem(item) {
      const { urls } = item
      const entries = Object.entries(urls).map(([name, url]) => [name, basePath + url])
      return { ...item, urls: Object.fromEntries(entries) }
    },
    // Works on bytes without decoding UTF-8, because the text that it searches for is ASCII.
    inJson: (json) =>
      Buffer.from(json.toString('latin1').replaceAll(ADDRESS_STARTS, `$&${basePath}`), 'latin1'),
  }
}

/** The start of each address in `urls`. No text of an item contains it: JSON writes each `"` there as `\"`. */
const ADDRESS_STARTS = /"(?:scaled|high)":"/g
