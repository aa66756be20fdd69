import type { Queries, Tables } from '../database/tables.ts'
import type { BasePath } from '../http/base-path.ts'
import { type Static, type TSchema, Type } from '../http/schema.ts'

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
  /** Milliseconds since 1970 become an ISO 8601 time in UTC. */
  | 'time'
  /** Text that is a JSON array of strings. Text that is not JSON becomes `[]` in `media_json`; `toItem` throws. */
  | 'tags'
  /** A digest becomes the immutable address of a variant. */
  | { variant: 'scaled' | 'high' }

export interface Member<Schema extends TSchema = TSchema, Name extends Column = ShownColumn> {
  column: Name
  form: JsonForm
  schema: Schema
}

const member = <Name extends Column, Schema extends TSchema>(
  column: Name,
  form: JsonForm,
  schema: Schema,
): Member<Schema, Name> => ({ column, form, schema })

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

type MemberOf<Members> = Members[keyof Members]
type ShownColumn = MemberOf<typeof MEMBERS>['column'] | MemberOf<typeof URLS>['column']

type Schemas<Members extends Readonly<Record<string, Member>>> = {
  [Name in keyof Members]: Members[Name]['schema']
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

export const SHOWN_COLUMNS: readonly ShownColumn[] = [
  ...Object.values(MEMBERS),
  ...Object.values(URLS),
].map(({ column }) => column)

/** Media rows with the columns of their files that items show. */
export const selectItems = (db: Queries) =>
  db.selectFrom('media').innerJoin('files', 'files.id', 'media.file_id').select(SHOWN_COLUMNS)

export type ItemRow = Awaited<ReturnType<ReturnType<typeof selectItems>['executeTakeFirstOrThrow']>>

/** @throws SyntaxError if the tags are not JSON, as only in a damaged database */
export const toItem = (row: ItemRow): MediaItem => {
  const readAll = (members: Readonly<Record<string, Member>>) =>
    Object.fromEntries(
      Object.entries(members).map(([name, { column, form }]) => [
        name,
        toJson(form, row[columnName(column)]),
      ]),
    )
  return { ...readAll(MEMBERS), urls: readAll(URLS) } as MediaItem
}

export const columnName = (column: ShownColumn) =>
  column.slice(column.indexOf('.') + 1) as keyof ItemRow

function toJson(form: JsonForm, value: string | number): unknown {
  if (form === 'time') return new Date(value).toISOString()
  if (form === 'tags') return JSON.parse(String(value))
  if (typeof form === 'object') return addressParts(form.variant, String(value)).join('')
  return value
}

/** The address of a variant in three parts: the text before the digest, the digest, and the text after it. */
export const addressParts = <Digest>(variant: 'scaled' | 'high', digest: Digest) =>
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
