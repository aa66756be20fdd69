import { type Static, Type } from '../../http/schema.ts'
import { parentsFirst } from './parents-first.ts'
import { refusalOfType } from './refusal-of-type.ts'
import { createSite, type Site, SourceFault } from './site.ts'
import type { Source, SourceCollection, SourceItem, SourceKind } from './source.ts'

/** As many as Directus gives if it is not asked for more. */
const PAGE = 100
/** Their ids stand in the address of a request, and proxies allow it 8 kB. */
const DESCRIBED = 50

const text = Type.Union([Type.String(), Type.Null()])
const number = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

/** https://directus.io/docs/api/files, and names under which people add a field for alternative texts. */
const FileSchema = Type.Object({
  id: Type.String(),
  title: text,
  description: text,
  tags: Type.Union([Type.Array(Type.String()), Type.Null()]),
  location: text,
  filename_download: text,
  type: text,
  folder: text,
  width: number,
  height: number,
  focal_point_x: number,
  focal_point_y: number,
  alt: Type.Optional(Type.Unsafe<unknown>({})),
  alt_text: Type.Optional(Type.Unsafe<unknown>({})),
  alternative_text: Type.Optional(Type.Unsafe<unknown>({})),
})
type File = Static<typeof FileSchema>

const Files = Type.Object({ data: Type.Array(FileSchema) })
const Dates = Type.Object({
  data: Type.Array(Type.Object({ id: Type.String(), uploaded_on: text })),
})
const Folders = Type.Object({
  data: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), parent: text })),
})
const Counted = Type.Object({
  meta: Type.Object({ filter_count: Type.Number() }),
})

export const directus: SourceKind = {
  title: 'Directus',
  token: 'that of a user, made in Directus under User Directory, the user, Token',
  async open(address) {
    const { token } = address
    if (token === undefined) throw new SourceFault(`Directus needs a token: ${directus.token}.`)
    const credential = { authorization: `Bearer ${token}` }
    // The first request of a site is not tried again, so each check has one of its own.
    const check = async (path: string) => {
      const site = createSite(address, directus.title, credential)
      try {
        await site.ask(path === 'folders' ? Folders : Files, { path, query: { limit: 1 } })
      } catch (error) {
        throw error instanceof SourceFault ? explain(error, site, path) : error
      }
    }
    await check('files')
    await check('folders')
    const site = createSite(address, directus.title, credential)
    return read({ ...site, lostFile: 'Directus says so of a file that its storage has lost.' })
  },
}

function explain(fault: SourceFault, { name }: Site, path: string): SourceFault {
  const because = (reason: string) => new SourceFault(`${name} cannot be read: ${reason}`)
  if (fault.status === 401) {
    return because(
      'it does not know the token. Make one in Directus: User Directory, the user, Token; then save the user.',
    )
  }
  if (fault.status === 403) {
    return because(
      `the user of the token may not read directus_${path}. Give a policy of that user the right to read all fields of the system collections directus_files and directus_folders, or take the token of an administrator.`,
    )
  }
  if (fault.status === 500 && path === 'folders') {
    return because(
      'it failed to give its folders. Some versions, such as 12.4.0, give them to administrators alone: take the token of an administrator.',
    )
  }
  return fault
}

function read(site: Site): Source {
  return { site, count, collections, items }

  async function count(): Promise<number> {
    const query = { limit: 1, fields: 'id', meta: 'filter_count' }
    const { body } = await site.ask(Counted, { path: 'files', query })
    return body.meta.filter_count
  }

  async function* collections(): AsyncGenerator<SourceCollection> {
    const found: SourceCollection[] = []
    for (let page = 1; ; page += 1) {
      const query = { fields: 'id,name,parent', sort: 'id', limit: PAGE, page }
      const { body } = await site.ask(Folders, { path: 'folders', query })
      if (body.data.length === 0) break
      found.push(
        ...body.data.map(({ id, name, parent }) => ({ id, name, parent: parent ?? undefined })),
      )
    }
    yield* parentsFirst(found)
  }

  /**
   * The oldest first. The order is found before the first file: pages by number leave files out when others are deleted
   * meanwhile, ids cannot be compared, and no filter of dates is right in every database. What is deleted within the
   * seconds of finding it may leave files out too; the next run brings them.
   */
  async function* items(): AsyncGenerator<SourceItem> {
    const ids = await idsByDate()
    for (let at = 0; at < ids.length; at += DESCRIBED) {
      const wanted = ids.slice(at, at + DESCRIBED)
      const query = { fields: '*', 'filter[id][_in]': wanted.join(','), limit: DESCRIBED }
      const { data } = (await site.ask(Files, { path: 'files', query })).body
      const byId = new Map(data.map((file) => [file.id, file]))
      for (const id of wanted) {
        const file = byId.get(id)
        if (file) yield describe(file)
      }
    }
  }

  async function idsByDate(): Promise<string[]> {
    /** A date, which has no space, and an id. */
    const found: string[] = []
    for (let page = 1; ; page += 1) {
      const query = { fields: 'id,uploaded_on', sort: 'id', limit: PAGE, page }
      const { data } = (await site.ask(Dates, { path: 'files', query })).body
      if (data.length === 0) break
      // An upload that was never finished has no date.
      for (const { id, uploaded_on } of data) found.push(`${uploaded_on ?? '9999'} ${id}`)
    }
    return found.sort().map((text) => text.slice(text.indexOf(' ') + 1))
  }

  function describe(file: File): SourceItem {
    const { id, title, filename_download: fileName, type, folder, width, height } = file
    const { focal_point_x: x, focal_point_y: y } = file
    const original = new URL(`assets/${encodeURIComponent(id)}`, site.url)
    return {
      id,
      name: title ?? '',
      fileName: fileName ?? undefined,
      alt: [file.alt, file.alt_text, file.alternative_text].find(isText),
      description: file.description ?? undefined,
      tags: [...(file.tags ?? []), file.location ?? ''],
      ...(isSet(x) && isSet(y) && width && height && { focus: { x: x / width, y: y / height } }),
      collections: folder === null ? [] : [folder],
      originals: [original],
      urls: [
        original.href,
        ...(fileName ? [`${original}/${encodeURIComponent(fileName)}`] : []),
      ].map((url) => ({ url })),
      refused: refusalOfType(type),
    }
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isSet = (value: number | null | undefined): value is number => typeof value === 'number'
