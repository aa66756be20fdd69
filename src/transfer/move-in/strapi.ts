import { type Static, Type } from '../../http/schema.ts'
import { parentsFirst } from './parents-first.ts'
import { refusalOfType } from './refusal-of-type.ts'
import { createSite, type Site, SourceFault } from './site.ts'
import type { Source, SourceCollection, SourceItem, SourceKind } from './source.ts'

/** The most that Strapi gives at once, unless it is set otherwise. */
const PAGE = 100

const text = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** As the media library of Strapi's own admin panel gets it. */
const FileSchema = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  alternativeText: text,
  caption: text,
  /** Percent of the width and height. */
  focalPoint: Type.Optional(
    Type.Union([Type.Object({ x: Type.Number(), y: Type.Number() }), Type.Null()]),
  ),
  formats: Type.Optional(Type.Unsafe<Record<string, unknown> | null>({})),
  ext: text,
  mime: text,
  url: Type.String(),
  isUrlSigned: Type.Optional(Type.Boolean()),
  folder: Type.Optional(Type.Union([Type.Object({ id: Type.Integer() }), Type.Null()])),
})
type File = Static<typeof FileSchema>

const Files = Type.Object({
  results: Type.Array(FileSchema),
  pagination: Type.Object({ total: Type.Integer() }),
})
const Folders = Type.Object({
  data: Type.Array(
    Type.Object({
      id: Type.Integer(),
      name: Type.String(),
      /** Ends with a number of its own, which is not its id: `/1/7`. */
      path: Type.String(),
    }),
  ),
})
const Anything = Type.Unsafe<unknown>({})

const HOW =
  'Make one in Strapi: Settings, Administration panel, Admin Tokens, with the permission "Access the Media Library". A version that has none takes the token of a session instead, as POST /admin/login gives it'

export const strapi: SourceKind = {
  title: 'Strapi',
  token:
    'an admin token with the permission "Access the Media Library", because tokens of the content API may not read folders',
  async open(address) {
    const { token } = address
    if (token === undefined) throw new SourceFault(`Strapi needs a token: ${strapi.token}.`)
    const credential = { authorization: `Bearer ${token}` }
    const site = createSite(address, strapi.title, credential)
    try {
      await site.ask(Folders, { path: 'upload/folders' })
    } catch (error) {
      throw error instanceof SourceFault ? await explain(error, site) : error
    }
    return read(site)
  },
}

async function explain(fault: SourceFault, site: Site): Promise<SourceFault> {
  const because = (reason: string) => new SourceFault(`${site.name} cannot be read: ${reason}.`)
  if (fault.status === 403) {
    return because(
      'the token may not read the media library. Give it the permission "Access the Media Library" in Strapi: Settings, Administration panel, Admin Tokens, Media Library',
    )
  }
  if (fault.status !== 401) return fault
  return because(
    (await isOfContentApi(site))
      ? `the token is one of the content API, which tells of no folders; an admin token is needed. ${HOW}`
      : `it does not know the token, or the token is over. ${HOW}`,
  )
}

async function isOfContentApi(site: Site): Promise<boolean> {
  try {
    await site.ask(Anything, { path: 'api/upload/files', query: { 'pagination[pageSize]': 1 } })
    return true
  } catch (error) {
    return error instanceof SourceFault && error.status === 403
  }
}

function read(site: Site): Source {
  return { site, count, collections, items }

  async function count(): Promise<number> {
    const { body } = await site.ask(Files, { path: 'upload/files', query: { pageSize: 1 } })
    return body.pagination.total
  }

  async function* collections(): AsyncGenerator<SourceCollection> {
    const { data } = (await site.ask(Folders, { path: 'upload/folders' })).body
    const byPath = new Map(data.map(({ id, path }) => [path, String(id)]))
    yield* parentsFirst(
      data.map(({ id, name, path }) => ({
        id: String(id),
        name,
        parent: byPath.get(path.slice(0, path.lastIndexOf('/'))),
      })),
    )
  }

  /** Numbers only grow, so the order of them is that of arrival. */
  async function* items(): AsyncGenerator<SourceItem> {
    let last = 0
    for (;;) {
      const query = { sort: 'id:asc', pageSize: PAGE, 'filters[id][$gt]': last }
      const { results } = (await site.ask(Files, { path: 'upload/files', query })).body
      if (results.length === 0) return
      yield* results.map(describe)
      last = Math.max(...results.map(({ id }) => id))
    }
  }

  function describe(file: File): SourceItem {
    const { id, name, alternativeText: alt, caption, focalPoint, ext, mime, folder } = file
    const isFileName = Boolean(ext) && name.toLowerCase().endsWith(String(ext).toLowerCase())
    const url = resolve(file.url)
    const shown = (text: string) => {
      const found = resolve(text)
      // The query of a signed address is good for a short time only.
      if (found && file.isUrlSigned) found.search = ''
      return found?.href
    }
    const formats = Object.values(file.formats ?? {}).flatMap((format) => {
      const { url: text, width } = { ...(format as Partial<Record<'url' | 'width', unknown>>) }
      const url = typeof text === 'string' ? shown(text) : undefined
      return url === undefined
        ? []
        : [{ url, width: typeof width === 'number' ? width : undefined }]
    })
    const own = shown(file.url)
    return {
      id: String(id),
      name: isFileName ? name.slice(0, -String(ext).length) : name,
      fileName: isFileName ? name : `${name}${ext ?? ''}`,
      // Some versions wrote the name of the file there.
      alt: (isFileName && alt === name) || !alt ? undefined : alt,
      description: isFileName && caption === name ? undefined : (caption ?? undefined),
      ...(focalPoint && { focus: { x: focalPoint.x / 100, y: focalPoint.y / 100 } }),
      collections: folder ? [String(folder.id)] : [],
      originals: url ? [url] : [],
      urls: [...(own === undefined ? [] : [{ url: own }]), ...formats],
      refused: refusalOfType(mime),
    }
  }

  /** An address of a file, which is relative to the site unless another host has the files. */
  function resolve(text: string): URL | undefined {
    return URL.parse(text.replace(/^\/(?!\/)/, ''), site.url) ?? undefined
  }
}
