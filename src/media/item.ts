import type { Queries } from '../database/tables.ts'
import { type Static, Type } from '../http/schema.ts'

/** A media item as clients see it. */
export const MediaItem = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    name: Type.String({ description: 'Display name' }),
    path: Type.String({ description: 'Storage key of the original file' }),
    timestamp: Type.String({ format: 'date-time', description: 'When it was added (UTC)' }),
    tags: Type.Array(Type.String()),
    type: Type.String({ description: 'MIME type of the original, by its bytes' }),
    size: Type.Integer({ description: 'Bytes of the original' }),
    width: Type.Integer({ description: 'Pixels, after orientation' }),
    height: Type.Integer({ description: 'Pixels, after orientation' }),
    thumbhash: Type.String({ description: 'Placeholder image, base64' }),
    color: Type.String({ description: 'Dominant colour, #rrggbb' }),
    urls: Type.Object(
      { scaled: Type.String(), high: Type.String() },
      { description: 'Public images, relative and immutable' },
    ),
  },
  { title: 'Media' },
)
export type MediaItem = Static<typeof MediaItem>

/** Media rows with what items show of their files. */
export const selectItems = (db: Queries) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select([
      'media.id',
      'media.name',
      'media.tags',
      'media.added_at',
      'files.key',
      'files.type',
      'files.size',
      'files.width',
      'files.height',
      'files.thumbhash',
      'files.color',
      'files.scaled_digest',
      'files.high_digest',
    ])

export type ItemRow = Awaited<ReturnType<ReturnType<typeof selectItems>['executeTakeFirstOrThrow']>>

export const toItem = (row: ItemRow): MediaItem => ({
  id: row.id,
  name: row.name,
  path: row.key,
  timestamp: new Date(row.added_at).toISOString(),
  tags: JSON.parse(row.tags),
  type: row.type,
  size: row.size,
  width: row.width,
  height: row.height,
  thumbhash: row.thumbhash,
  color: row.color,
  urls: {
    scaled: `/media/file/${row.scaled_digest}/scaled.webp`,
    high: `/media/file/${row.high_digest}/high.webp`,
  },
})
