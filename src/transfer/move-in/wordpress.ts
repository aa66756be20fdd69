import { type Static, Type } from '../../http/schema.ts'
import { textOfHtml } from './html-text.ts'
import { createSite, type Site, type SourceAddress, SourceFault } from './site.ts'
import type { Source, SourceCollection, SourceItem, SourceKind, SourceUrl } from './source.ts'

/** The most that WordPress gives at once. */
const PAGE = 100

/*
 * The REST API of WordPress, https://developer.wordpress.org/rest-api/reference/. PHP writes an empty object as `[]`.
 */

const Index = Type.Object({
  namespaces: Type.Array(Type.String()),
  home: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
})

const Taxonomy = Type.Object({
  slug: Type.String(),
  hierarchical: Type.Boolean(),
  rest_base: Type.String(),
  rest_namespace: Type.Optional(Type.String()),
})
type Taxonomy = Static<typeof Taxonomy>

/** By slug. */
const Taxonomies = Type.Unsafe<Readonly<Record<string, Taxonomy>>>({
  anyOf: [
    { type: 'object', additionalProperties: Taxonomy },
    { type: 'array', maxItems: 0 },
  ],
})

const Terms = Type.Array(
  Type.Object({
    id: Type.Integer(),
    /** With entities. */
    name: Type.String(),
    description: Type.Optional(Type.String()),
    /** 0 at the top; absent in a flat taxonomy. */
    parent: Type.Optional(Type.Integer()),
  }),
)
type Term = Static<typeof Terms>[number]

/** `raw` is there for somebody who may edit; `rendered` has typographic quotes and entities. */
const Text = Type.Object({ raw: Type.Optional(Type.String()), rendered: Type.String() })

const Media = Type.Array(
  Type.Object({
    id: Type.Integer(),
    title: Text,
    caption: Type.Optional(Text),
    description: Type.Optional(Text),
    alt_text: Type.Optional(Type.String()),
    media_type: Type.String(),
    mime_type: Type.Optional(Type.String()),
    source_url: Type.String(),
    media_details: Type.Optional(Type.Unsafe<unknown>({})),
  }),
)
type Media = Static<typeof Media>[number]

const Me = Type.Object({ id: Type.Integer() })

export const wordpress: SourceKind = {
  title: 'WordPress',
  token: 'a user and an application password, as anna:abcd efgh ijkl mnop qrst uvwx',
  async open(address) {
    const site = createSite(address, 'WordPress', credentialOf(address.token))
    const api = await findApi(site)
    // Without a token, what everybody may see. WordPress would not mind a wrong one there.
    if (address.token !== undefined) await site.ask(Me, api.request('wp/v2/users/me', {}))
    return createSource(site, api, address.token === undefined ? 'view' : 'edit')
  },
}

function credentialOf(token: SourceAddress['token']): Record<string, string> {
  if (token === undefined) return {}
  if (!/^[^:]+:./.test(token)) {
    throw new SourceFault(
      'The token must be a user and an application password with a colon between them: anna:abcd efgh ijkl mnop.',
    )
  }
  return { authorization: `Basic ${Buffer.from(token).toString('base64')}` }
}

type Query = Readonly<Record<string, string | number>>

interface Api {
  request(route: string, query: Query): { path: string; query: Query }
  /** Addresses of the site, as it writes them itself; without the protocol. */
  homes: readonly string[]
}

/** Finds the API below `wp-json/`, or where a site without pretty addresses has it. */
async function findApi(site: Site): Promise<Api> {
  const pretty: Api['request'] = (route, query) => ({ path: `wp-json/${route}`, query })
  const plain: Api['request'] = (route, query) => ({
    path: '',
    query: { rest_route: `/${route}`, ...query },
  })
  const read = async (request: Api['request']): Promise<Api> => {
    const { body } = await site.ask(Index, request('', {}))
    if (!body.namespaces.includes('wp/v2')) {
      throw new SourceFault(`${site.name} cannot be read: its API has no media.`)
    }
    const homes = [body.home, body.url].flatMap((home) => home ?? [])
    return { request, homes: homes.map((home) => home.replace(/^https?:|\/$/g, '')) }
  }
  try {
    return await read(pretty)
  } catch (error) {
    const isElsewhere = error instanceof SourceFault && error.hasAnswered
    if (!isElsewhere) throw error
    return read(plain).catch(() => {
      throw error
    })
  }
}

async function createSource(site: Site, api: Api, context: 'view' | 'edit'): Promise<Source> {
  const { body } = await site.ask(
    Taxonomies,
    api.request('wp/v2/taxonomies', { type: 'attachment' }),
  )
  const taxonomies = Object.values(body)
  const folders = taxonomies.filter(({ hierarchical }) => hierarchical)
  const flat = taxonomies.filter(({ hierarchical }) => !hierarchical)
  /** Names of tags, by the taxonomy and the id. */
  const tags = new Map<string, string>()
  const list = { context, order: 'asc', orderby: 'id', per_page: PAGE }

  return { site, count, collections, items }

  async function count(): Promise<number | undefined> {
    const request = api.request('wp/v2/media', { ...list, per_page: 1, _fields: 'id' })
    const { headers } = await site.ask(Type.Array(Type.Object({})), request)
    const total = Number(headers.get('x-wp-total') ?? Number.NaN)
    return Number.isInteger(total) ? total : undefined
  }

  async function* collections(): AsyncGenerator<SourceCollection> {
    for (const taxonomy of flat) {
      for await (const { id, name } of terms(taxonomy)) {
        tags.set(keyOf(taxonomy, id), textOfHtml(name))
      }
    }
    for (const taxonomy of folders) {
      const all = await Array.fromAsync(terms(taxonomy))
      const known = new Set(all.map(({ id }) => id))
      const below = Map.groupBy(all, ({ parent = 0 }) => (known.has(parent) ? parent : 0))
      const pending = [...(below.get(0) ?? [])].reverse()
      for (let term = pending.pop(); term; term = pending.pop()) {
        const { id, name, description, parent } = term
        yield {
          id: keyOf(taxonomy, id),
          name: textOfHtml(name),
          description: textOfHtml(description ?? ''),
          ...(parent && known.has(parent) && { parent: keyOf(taxonomy, parent) }),
        }
        pending.push(...(below.get(id) ?? []).reverse())
        below.delete(id)
      }
    }
  }

  async function* terms({ rest_namespace = 'wp/v2', rest_base }: Taxonomy): AsyncGenerator<Term> {
    const fields = 'id,name,description,parent'
    const query = { order: 'asc', orderby: 'id', per_page: PAGE, _fields: fields }
    yield* pages(Terms, `${rest_namespace}/${rest_base}`, query)
  }

  async function* items(): AsyncGenerator<SourceItem> {
    const own =
      'id,title,caption,description,alt_text,media_type,mime_type,source_url,media_details'
    const fields = [own, ...taxonomies.map(({ rest_base }) => rest_base)].join(',')
    for await (const media of pages(Media, 'wp/v2/media', { ...list, _fields: fields })) {
      yield { ...describe(media, site, api.homes), ...termsOf(media) }
    }
  }

  /** Reads a list page by page. */
  async function* pages<Schema extends typeof Terms | typeof Media>(
    schema: Schema,
    route: string,
    query: Query,
  ): AsyncGenerator<Static<Schema>[number]> {
    for (let page = 1; ; page += 1) {
      const { body, headers } = await site.ask(schema, api.request(route, { ...query, page }))
      yield* body
      const last = Number(headers.get('x-wp-totalpages') ?? Number.NaN)
      // A proxy may have taken the header away.
      if (Number.isInteger(last) ? page >= last : body.length < PAGE) return
    }
  }

  function termsOf(media: Media): Pick<SourceItem, 'tags' | 'collections'> {
    const keys = (of: readonly Taxonomy[]) =>
      of.flatMap((taxonomy) => {
        const ids = (media as Record<string, unknown>)[taxonomy.rest_base]
        return Array.isArray(ids) ? ids.map((id) => keyOf(taxonomy, id)) : []
      })
    return {
      tags: keys(flat).flatMap((key) => tags.get(key) ?? []),
      collections: keys(folders),
    }
  }
}

const keyOf = ({ slug }: Taxonomy, id: number): string => `${slug}:${id}`

function describe(media: Media, site: Site, homes: readonly string[]): SourceItem {
  const { id, media_type, mime_type = 'unknown', source_url } = media
  const details = readDetails(media.media_details)
  const file = URL.parse(source_url)
  const original = file && originalOf(file, details.original_image)
  const files = [original, file].filter((url) => url !== null)
  const texts = [media.caption, media.description].map(plain).filter((text) => text !== '')
  return {
    id: String(id),
    name: plain(media.title),
    fileName: files[0] && nameOf(files[0]),
    alt: media.alt_text ?? '',
    description: [...new Set(texts)].join('\n\n'),
    fileSaid: details.said,
    originals: files.flatMap((url) => [...hereOf(url, site, homes), url]),
    urls: urlsOf(source_url, original, details),
    ...(media_type !== 'image' && {
      refused: `The file is no image, but of the type ${mime_type}.`,
    }),
  }
}

const plain = (text: Static<typeof Text> | undefined): string =>
  textOfHtml(text?.raw ?? text?.rendered ?? '')

/**
 * The file that was uploaded, where WordPress shows a smaller one (`-scaled`), a turned one or another format in its
 * place. Not for an image that people edited in WordPress: they want that one.
 */
function originalOf(file: URL, original: string | undefined): URL | null {
  if (original === undefined || /-e\d{10,}/.test(nameOf(file))) return null
  return URL.parse(encodeURIComponent(original), file)
}

/** The same file at the address that the operator gave: the site may think of itself at another one. */
function hereOf(file: URL, site: Site, homes: readonly string[]): URL[] {
  const path = file.href.replace(/^https?:/, '')
  const home = homes.find((it) => path.startsWith(`${it}/`))
  if (home === undefined) return []
  const here = new URL(path.slice(home.length + 1), site.url)
  return here.href === file.href ? [] : [here]
}

interface Details {
  width: number | undefined
  height: number | undefined
  original_image: string | undefined
  sizes: readonly Record<string, unknown>[]
  said: NonNullable<SourceItem['fileSaid']>
}

/** Plugins write there too, so each member is read for itself. */
function readDetails(value: unknown): Details {
  const details = asObject(value)
  const meta = asObject(details.image_meta)
  const text = (member: unknown) =>
    typeof member === 'string' && member !== '' ? member : undefined
  // The local time of the camera, counted as if it were UTC.
  const taken = Number(meta.created_timestamp ?? 0)
  const takenAt = taken > 0 ? new Date(taken * 1000).toISOString().slice(0, 19) : undefined
  return {
    width: pixels(details.width),
    height: pixels(details.height),
    original_image: text(details.original_image),
    sizes: Object.values(asObject(details.sizes)).map(asObject),
    said: { takenAt, credit: text(meta.credit), copyright: text(meta.copyright) },
  }
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

/** A number, which plugins write as text sometimes. */
function pixels(value: unknown): number | undefined {
  const number = Number(value)
  return Number.isInteger(number) && number > 0 ? number : undefined
}

function urlsOf(
  source: string,
  original: URL | null,
  { sizes, width, height }: Details,
): SourceUrl[] {
  const urls = new Map<string, SourceUrl>([[source, { url: source }]])
  if (original) urls.set(original.href, { url: original.href })
  for (const size of sizes) {
    const { source_url: url } = size
    if (typeof url !== 'string' || urls.has(url)) continue
    const [w, h] = [pixels(size.width), pixels(size.height)]
    // Rounded to whole pixels, a side that follows from the other is off by half a pixel.
    const isCut = w && h && width && height && Math.abs((w * height) / width - h) > 1
    urls.set(url, { url, width: w, ...(isCut && { height: h }) })
  }
  return [...urls.values()]
}

function nameOf({ pathname }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
