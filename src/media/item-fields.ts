import { type TSchema, Type } from '../http/schema.ts'
import { Focus, Translations } from './item.ts'

/** The response model of a change, with further members. */
export const Answer = (extra: Record<string, TSchema> = {}) =>
  Type.Object({ data: Type.String(), code: Type.Integer(), ...extra })

const Name = Type.String({ description: '1 to 255 characters after trimming' })
const Tags = Type.Union([Type.Array(Type.String()), Type.String()], {
  description: 'Up to 64 tags of up to 64 characters; a string with commas is several tags',
})

const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const text = (most: string, more = '') =>
  Type.Optional(
    Type.Unsafe<unknown>(orNull(Type.String({ description: `${most} characters.${more}` }))),
  )

/** Members that people may write beside the name and the tags. The routes check them in code, with clearer answers. */
const OtherFields = {
  alt: text('Up to 1,000', ' "" marks a decorative image'),
  description: text('Up to 10,000'),
  credit: text('Up to 255'),
  copyright: text('Up to 255'),
  source: text('Up to 2,048'),
  rating: Type.Optional(Type.Unsafe<unknown>(orNull(Type.Integer({ minimum: 0, maximum: 5 })))),
  focus: Type.Optional(Type.Unsafe<unknown>(orNull(Focus))),
  takenAt: text('Local time YYYY-MM-DDTHH:mm:ss, perhaps with a zone; up to 25'),
  translations: Type.Optional(Type.Unsafe<unknown>(orNull(Translations))),
  collections: Type.Optional(
    Type.Unsafe<unknown>(
      orNull(Type.Array(Type.Integer(), { description: 'Ids of up to 256 collections' })),
    ),
  ),
}

/** An image in a JSON body. */
export const Base64Image = Type.String({
  contentEncoding: 'base64',
  description: 'Bare or as a data URL, in the standard or the URL-safe alphabet',
})

/** A URL from which the server fetches an image. */
export const ImageUrl = Type.String({
  description:
    'In the place of `image`: http or https, of the public internet, up to 2,048 characters',
})

/** The member of a body that adds an item, beside the members of the item. */
export const KeywordsField = {
  keywords: Type.Optional(
    Type.Boolean({ description: 'Whether keywords in the file become tags; not if absent' }),
  ),
}

/** Members of a body that adds or edits an item. */
export const ItemFields = { name: Name, tags: Tags, ...OtherFields }

/** Members of a merge patch of an item. */
export const PatchFields = {
  name: Type.Optional(Name),
  tags: Type.Optional(Type.Unsafe<unknown>(orNull(Tags))),
  ...OtherFields,
}
