import { type Static, Type } from '../../http/schema.ts'
import { nameOfFile } from '../../media/name-of-file.ts'
import { createSite, type Site, SourceFault } from './site.ts'
import type { Source, SourceCollection, SourceItem, SourceKind } from './source.ts'

/** Assets of one answer, of the 1000 that Immich gives at most: with their EXIF each has a kilobyte or two. */
const PAGE = 500
/** A favourite becomes an item with this tag. */
const FAVORITE = 'favorite'
/** Pixels of the smaller versions that Immich makes unless its settings say otherwise. */
const PREVIEW = 1440
const THUMBNAIL = 250

/*
 * The API of Immich, https://api.immich.app. Members that only some versions have are optional.
 */

const orNull = <Schema extends Parameters<typeof Type.Optional>[0]>(schema: Schema) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

const Version = Type.Object({ major: Type.Integer(), minor: Type.Integer() })

const Exif = Type.Object({
  description: orNull(Type.String()),
  rating: orNull(Type.Number()),
  dateTimeOriginal: orNull(Type.String()),
  timeZone: orNull(Type.String()),
})

const Asset = Type.Object({
  id: Type.String(),
  type: Type.String(),
  originalFileName: Type.String(),
  originalMimeType: orNull(Type.String()),
  isFavorite: Type.Optional(Type.Boolean()),
  localDateTime: orNull(Type.String()),
  exifInfo: orNull(Exif),
})
type Asset = Static<typeof Asset>

const nextPage = orNull(Type.Union([Type.String(), Type.Integer()]))
const Found = Type.Object({ assets: Type.Object({ items: Type.Array(Asset), nextPage }) })
const FoundIds = Type.Object({
  assets: Type.Object({ items: Type.Array(Type.Object({ id: Type.String() })), nextPage }),
})

const Albums = Type.Array(
  Type.Object({
    id: Type.String(),
    albumName: Type.String(),
    description: Type.Optional(Type.String()),
  }),
)
/** With its assets, in the versions before 2. */
const Album = Type.Object({ assets: Type.Array(Type.Object({ id: Type.String() })) })

const Tags = Type.Array(Type.Object({ id: Type.String(), name: Type.String() }))

const Statistics = Type.Object({ total: Type.Integer() })

export const immich: SourceKind = {
  title: 'Immich',
  token: 'an API key, with the permissions asset.read, asset.download, album.read and tag.read',
  async open({ url, token, signal }) {
    // Some know it by the address of its API.
    const own = new URL(url.href.replace(/\/api\/$/, '/'))
    const credential: Record<string, string> = token === undefined ? {} : { 'x-api-key': token }
    const site = createSite({ url: own, signal }, immich.title, credential)
    const { body: version } = await site.ask(Version, { path: 'api/server/version' })
    if (token === undefined) {
      throw new SourceFault(`Immich needs a token: ${immich.token}.`)
    }
    const source = createSource(site, version.major)
    await source.check()
    return source
  },
}

function createSource(site: Site, major: number): Source & { check(): Promise<void> } {
  /** Names of tags and ids of albums, by the assets that have them. */
  const tagsOf = new Map<string, string[]>()
  const albumsOf = new Map<string, string[]>()
  // Archived assets are left out by versions before 2 unless it is said. Those in the trash are never found.
  const all = major < 2 ? { withArchived: true } : {}

  return { site, check, count, collections, items }

  async function check(): Promise<void> {
    const body = { ...all, page: 1, size: 1 }
    await site.ask(FoundIds, { path: 'api/search/metadata', body })
  }

  async function count(): Promise<number | undefined> {
    try {
      const query = { isTrashed: 'false' }
      return (await site.ask(Statistics, { path: 'api/assets/statistics', query })).body.total
    } catch (error) {
      // It is for the progress alone, and needs a permission of its own.
      if (error instanceof SourceFault && error.hasAnswered) return undefined
      throw error
    }
  }

  /** Albums, of which none is below another. Reads the tags too: assets do not name them. */
  async function* collections(): AsyncGenerator<SourceCollection> {
    const { body: tags } = await site.ask(Tags, { path: 'api/tags' })
    for (const { id, name } of tags) {
      for await (const asset of search(FoundIds, { tagIds: [id] })) push(tagsOf, asset.id, name)
    }
    const { body: albums } = await site.ask(Albums, { path: 'api/albums' })
    for (const { id, albumName, description } of albums) {
      for await (const asset of assetsOf(id)) push(albumsOf, asset.id, id)
      yield { id, name: albumName, description }
    }
  }

  async function* assetsOf(album: string): AsyncGenerator<{ id: string }> {
    if (major >= 2) {
      yield* search(FoundIds, { albumIds: [album] })
      return
    }
    const { body } = await site.ask(Album, { path: `api/albums/${encodeURIComponent(album)}` })
    yield* body.assets
  }

  async function* items(): AsyncGenerator<SourceItem> {
    for await (const asset of search(Found, { withExif: true })) yield describe(asset)
  }

  /** Reads assets page by page, in the order in which they were taken. */
  async function* search<Schema extends typeof Found | typeof FoundIds>(
    schema: Schema,
    filter: Readonly<Record<string, unknown>>,
  ): AsyncGenerator<Static<Schema>['assets']['items'][number]> {
    for (let page: number | undefined = 1; page !== undefined; ) {
      const body = { ...all, ...filter, order: 'asc', page, size: PAGE }
      const answer: { body: Static<Schema> } = await site.ask(schema, {
        path: 'api/search/metadata',
        body,
      })
      const { items, nextPage } = answer.body.assets
      yield* items
      page = nextPage == null || items.length === 0 ? undefined : Number(nextPage)
    }
  }

  function describe(asset: Asset): SourceItem {
    const { id, originalFileName, exifInfo } = asset
    const address = (path: string) => new URL(path, site.url).href
    const assetAddress = `api/assets/${encodeURIComponent(id)}`
    const rating = exifInfo?.rating ?? 0
    return {
      id,
      name: nameOfFile(originalFileName),
      fileName: originalFileName,
      description: exifInfo?.description ?? '',
      tags: [...(tagsOf.get(id) ?? []), ...(asset.isFavorite ? [FAVORITE] : [])],
      rating: rating >= 1 && rating <= 5 ? Math.round(rating) : undefined,
      takenAt: takenAtOf(asset),
      collections: albumsOf.get(id) ?? [],
      originals: [new URL(`${assetAddress}/original`, site.url)],
      urls: [
        { url: address(`${assetAddress}/original`) },
        { url: address(`${assetAddress}/thumbnail?size=preview`), width: PREVIEW },
        { url: address(`${assetAddress}/thumbnail?size=thumbnail`), width: THUMBNAIL },
        { url: address(`photos/${encodeURIComponent(id)}`) },
      ],
      ...(asset.type !== 'IMAGE' && { refused: refusalOf(asset) }),
    }
  }
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}

function refusalOf({ type, originalMimeType }: Asset): string {
  const kind = type === 'VIDEO' ? 'a video' : 'no image'
  return `The file is ${kind}${originalMimeType ? ` (${originalMimeType})` : ''}.`
}

/**
 * When a photograph was taken, as people see it in Immich, where it can be corrected. `localDateTime` is the local time
 * written as if it were UTC; its distance from the true time is the offset of the zone.
 */
function takenAtOf({ localDateTime, exifInfo }: Asset): string | undefined {
  const [local, taken] = [localDateTime, exifInfo?.dateTimeOriginal].map((time) =>
    Date.parse(time ?? ''),
  )
  if (local === undefined || taken === undefined || Number.isNaN(local + taken)) return undefined
  const text = new Date(local).toISOString().slice(0, 19)
  const offset = Math.round((local - taken) / 60_000)
  // Half a day and more is no zone, but a time that was corrected in one place alone.
  if (!exifInfo?.timeZone || Math.abs(offset) > 14 * 60) return text
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60]
  const two = (number: number) => String(number).padStart(2, '0')
  return `${text}${offset < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`
}
