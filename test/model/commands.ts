import fc, { type AsyncCommand } from 'fast-check'
import { expect } from 'vitest'
import type { VersionList } from '../../src/media/versions/version-routes.ts'
import type { Client } from '../harness.ts'
import { IMAGES, imageOf, type RealLibrary } from './real-library.ts'
import {
  caseKey,
  findItems,
  type Item,
  type Query,
  type Reference,
  replaceImage,
  retag,
} from './reference.ts'
import { ASKED, BY_ID, PRESET_OPTIONS } from './sizes.ts'

export type Command = AsyncCommand<Reference, RealLibrary, false>

/** Cases, accents, widths and scripts. A search treats some of these words as equal, others not. */
const word = fc.constantFrom(
  ...['Tower', 'TOWER', 'tower at night', 'Ünïcode', 'unicode', 'Straße', 'STRASSE', 'ﬁn', 'fin'],
  ...['東京', '東京タワー', 'か', 'が', '１２', '12', 'a', '%_"*', "O'Hara", 'İstanbul'],
)
const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' '))
const tags = fc.uniqueArray(word, { maxLength: 4 })
const search = fc
  .array(
    fc.constantFrom(
      ...['t', 'ow', 'TOW', 'night', 'ü', 'uni', 'ss', 'ß', 'fi', '東', '東京', '京タ', 'か', 'が'],
      ...['1', '12', '%', '"', "'", 'nowhere', 'stan'],
    ),
    { maxLength: 2 },
  )
  .map((terms) => terms.join(' '))
const image = fc.nat({ max: IMAGES - 1 })
/** An item by its position, modulo the number of items at that time. */
const place = fc.nat({ max: 1000 })

const pick = ({ items }: Reference, place: number) => items[place % items.length]

/** A command whose text is a line of the printed script. */
const command = (
  line: string,
  run: Command['run'],
  check: Command['check'] = () => true,
): Command => ({
  check,
  run(reference, real) {
    reference.commands += 1
    return run(reference, real)
  },
  toString: () => line,
})

const describe = (what: string, values: object) => `${what} ${JSON.stringify(values)}`

/** A command on one of the items. It does not run if there are none. */
const onItem = (
  what: string,
  values: { place: number },
  run: (item: Item, real: RealLibrary, reference: Reference) => Promise<void>,
): Command =>
  command(
    describe(what, values),
    async (reference, real) => {
      const item = pick(reference, values.place)
      if (item) await run(item, real, reference)
    },
    ({ items }) => items.length > 0,
  )

type New = Pick<Item, 'name' | 'tags' | 'image'>

const send = {
  base64: (client: Client, { name, tags, image }: New) => client.add(name, tags, imageOf(image)),
  multipart: (client: Client, { name, tags, image }: New) => {
    const body = new FormData()
    body.set('name', name)
    body.set('tags', tags.length === 0 ? '[]' : tags.join(','))
    body.set('image', new Blob([new Uint8Array(imageOf(image))]))
    return client.request('POST', '/media/add', { body })
  },
}

/** Records an item that was added, or that exists after a kill. */
function remember(reference: Reference, added: New, id: number) {
  expect(id).toBeGreaterThan(reference.lastId)
  reference.lastId = id
  const versions = [{ version: 1, image: added.image }]
  reference.items.push({ ...added, id, focus: null, versions })
}

const forget = (reference: Reference, gone: ReadonlySet<Item>) => {
  reference.items = reference.items.filter((item) => !gone.has(item))
}

const add = fc
  .record({ name, tags, image, way: fc.constantFrom('base64' as const, 'multipart' as const) })
  .map(({ way, ...item }) =>
    command(describe(`add as ${way}`, item), async (reference, { client }) => {
      const { status, body } = await send[way](client, item)
      expect({ status, data: body.data }).toEqual({ status: 200, data: 'Media added successfully' })
      const isTwin = ({ image }: Item) => image === item.image
      const twins = [...reference.items, ...reference.trash].filter(isTwin)
      expect(body.duplicates ?? []).toEqual(twins.map(({ id }) => id).sort((a, b) => a - b))
      expect(body.trashed ?? false).toBe(reference.trash.some(isTwin))
      expect(body.media).toMatchObject({ name: item.name, tags: item.tags })
      remember(reference, item, body.media.id)
    }),
  )

/** Searches for the current or former texts of an item. The result must match the reference. */
async function searchFor({ name, tags }: Item, real: RealLibrary, reference: Reference) {
  const search = [name.slice(-2), ...tags.map((tag) => tag.slice(0, 2)).slice(-1)].join(' ')
  await real.compareList(reference, { order: 'added-desc', limit: 5, offset: 0, search })
}

const edit = fc.record({ place, name, tags }).map((values) =>
  onItem('edit', values, async (item, real, reference) => {
    const { name, tags } = values
    const before = { ...item }
    const { status } = await real.client.post(`/media/edit/${item.id}`, { name, tags })
    expect(status).toBe(200)
    Object.assign(item, { name, tags })
    await searchFor(before, real, reference)
    await searchFor(item, real, reference)
  }),
)

const remove = fc.record({ place }).map((values) =>
  onItem('delete', values, async (item, real, reference) => {
    const { client } = real
    expect((await client.delete(`/media/delete/${item.id}`)).status).toBe(200)
    forget(reference, new Set([item]))
    await searchFor(item, real, reference)
    for (const path of ['item', 'original', 'image']) {
      expect((await client.get(`/media/${path}/${item.id}`)).status).toBe(404)
    }
    expect((await client.delete(`/media/delete/${item.id}`)).status).toBe(404)
    const again = await client.post(`/media/edit/${item.id}`, { name: 'Gone', tags: [] })
    expect(again.status).toBe(404)
  }),
)

const sendReplacement = (client: Client, { id }: Item, image: number) =>
  client.post(`/media/replace/${id}`, { image: imageOf(image).toString('base64') })

const replace = fc.record({ place, image }).map((values) =>
  onItem('replace', values, async (item, real) => {
    const { status, body } = await sendReplacement(real.client, item, values.image)
    expect({ status, data: body.data }).toEqual({
      status: 200,
      data: 'Media replaced successfully',
    })
    Object.assign(item, replaceImage(item, values.image))
    await real.compareItem(item)
  }),
)

/** An earlier version by its position, modulo their number. */
const ofVersion = (
  what: string,
  run: (item: Item, earlier: Item['versions'][number], real: RealLibrary) => Promise<void>,
) =>
  fc.record({ place, which: fc.nat({ max: 20 }) }).map((values) =>
    onItem(what, values, async (item, real) => {
      const earlier = item.versions[values.which % item.versions.length]
      if (!earlier) return
      if (earlier === item.versions.at(-1)) {
        const path = `/media/item/${item.id}/versions/${earlier.version}`
        expect((await real.client.delete(path)).status).toBe(409)
      } else await run(item, earlier, real)
      await real.compareItem(item)
    }),
  )

const restoreVersion = ofVersion(
  'restore a version',
  async (item, { version, image }, { client }) => {
    const path = `/media/item/${item.id}/versions/${version}/restore`
    expect((await client.post(path, undefined)).status).toBe(200)
    Object.assign(item, replaceImage(item, image))
  },
)

const removeVersion = ofVersion('delete a version', async (item, earlier, { client }) => {
  const path = `/media/item/${item.id}/versions/${earlier.version}`
  expect((await client.delete(path)).status).toBe(200)
  item.versions = item.versions.filter((version) => version !== earlier)
})

const trash = fc.record({ place }).map((values) =>
  onItem('trash', values, async (item, real, reference) => {
    const { client } = real
    expect((await client.post(`/media/trash/${item.id}`, undefined)).status).toBe(200)
    forget(reference, new Set([item]))
    reference.trash.push(item)
    await searchFor(item, real, reference)
    const guest = await real.asGuest(`/media/image/${item.id}`)
    expect(guest.status).toBe(404)
    expect((await client.get(`/media/original/${item.id}`)).status).toBe(200)
    expect((await client.post(`/media/trash/${item.id}`, undefined)).status).toBe(404)
    expect((await sendReplacement(client, item, item.image)).status).toBe(404)
  }),
)

/** A command on one of the items in the trash. It does not run if there are none. */
const onTrash = (
  what: string,
  values: { place: number },
  run: (item: Item, real: RealLibrary, reference: Reference) => Promise<void>,
): Command =>
  command(
    describe(what, values),
    async (reference, real) => {
      const item = reference.trash[values.place % reference.trash.length]
      if (!item) return
      reference.trash = reference.trash.filter((other) => other !== item)
      await run(item, real, reference)
    },
    ({ trash }) => trash.length > 0,
  )

const restoreTrashed = fc.record({ place }).map((values) =>
  onTrash('restore', values, async (item, real, reference) => {
    const { status } = await real.client.post(`/media/restore/${item.id}`, undefined)
    expect(status).toBe(200)
    reference.items.push(item)
    reference.items.sort((a, b) => a.id - b.id)
    await searchFor(item, real, reference)
    expect((await real.asGuest(`/media/image/${item.id}`)).status).toBe(200)
    await real.compareItem(item)
  }),
)

const removeTrashed = fc.record({ place }).map((values) =>
  onTrash('delete from the trash', values, async (item, { client }) => {
    expect((await client.delete(`/media/delete/${item.id}`)).status).toBe(200)
    expect((await client.get(`/media/item/${item.id}`)).status).toBe(404)
  }),
)

const showAtSize = fc
  .record({ place, asked: fc.constantFrom(...ASKED) })
  .map((values) =>
    onItem('show at a size', values, (item, real, reference) =>
      real.compareImage(reference, item, values.asked),
    ),
  )

const quarter = fc.constantFrom(0, 0.25, 0.5, 1)
const focus = fc.option(fc.record({ x: quarter, y: quarter }))

const sendFocus = (client: Client, { id }: Item, focus: Item['focus']) =>
  client.request('PATCH', `/media/item/${id}`, { json: { focus } })

const setFocus = fc.record({ place, focus }).map((values) =>
  onItem('set the focus', values, async (item, real) => {
    const { urls } = (await real.client.get(`/media/item/${item.id}`)).body.media
    expect((await sendFocus(real.client, item, values.focus)).status).toBe(200)
    item.focus = values.focus
    await real.compareItem(item)
    // Pages have the earlier addresses.
    for (const path of [urls.scaled, urls.template.replace('{width}', '80')]) {
      expect((await real.follow(path)).status).toBe(200)
    }
  }),
)

const setPreset = fc.constantFrom(...PRESET_OPTIONS).map((options) =>
  command(describe('set the preset', { options }), async (reference, { client }) => {
    const { status } = await client.request('PUT', '/presets/thumb', { json: { options } })
    expect(status).toBe(200)
    reference.thumb = options
  }),
)

const removePreset = fc.constant(
  command('delete the preset', async (reference, { client }) => {
    const { status } = await client.delete('/presets/thumb')
    expect(status).toBe(reference.thumb === undefined ? 404 : 200)
    reference.thumb = undefined
  }),
)

const tagMany = fc.record({ search, add: tags, remove: tags }).map((values) => {
  const removed = values.remove.map(caseKey)
  const added = values.add.filter((tag) => !removed.includes(caseKey(tag)))
  const change = { add: added, remove: values.remove }
  return command(
    describe('tag all that are found', { search: values.search, ...change }),
    async (reference, { client }) => {
      const found = findItems(reference.items, values.search)
      const answer = await client.post('/media/bulk/tags', {
        search: values.search,
        until: Number.MAX_SAFE_INTEGER,
        ...change,
      })
      expect(lastLine(answer.bytes)).toMatchObject({ code: 200, done: found.length, failures: 0 })
      for (const item of found) item.tags = retag(item.tags, change.add, change.remove)
    },
    () => change.add.length + change.remove.length > 0,
  )
})

const removeMany = fc.array(place, { minLength: 1, maxLength: 4 }).map((places) =>
  command(
    describe('delete many', places),
    async (reference, { client }) => {
      const gone = new Set(places.flatMap((place) => pick(reference, place) ?? []))
      const ids = [...gone].map(({ id }) => id)
      const answer = await client.post('/media/bulk/delete', { ids })
      expect(lastLine(answer.bytes)).toMatchObject({ code: 200, done: gone.size, failures: 0 })
      forget(reference, gone)
    },
    ({ items }) => items.length > 0,
  ),
)

const lastLine = (bytes: Buffer) => JSON.parse(bytes.toString().trimEnd().split('\n').at(-1) ?? '')

const list = fc
  .record<Query>({
    order: fc.constantFrom('added-asc', 'added-desc'),
    limit: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
    offset: fc.nat({ max: 12 }),
    search,
  })
  .map((query) =>
    command(describe('list', query), (reference, real) => real.compareList(reference, query)),
  )

const show = fc
  .record({ place })
  .map((values) => onItem('show', values, (item, real) => real.compareItem(item)))

const restart = fc.constant(
  command('restart', async (reference, real) => {
    await real.restart()
    await real.compareAll(reference)
  }),
)

const delay = fc.nat({ max: 60 })

const killAdd = fc.record({ name, tags, image, delay }).map(({ delay, ...item }) =>
  command(describe(`kill ${delay} ms into an add`, item), async (reference, real) => {
    const answer = await real.killDuring(() => send.base64(real.client, item), delay)
    const { media } = (await real.client.list('?limit=1')).body
    const [newest] = media
    if (newest && newest.id > reference.lastId) remember(reference, item, newest.id)
    else expect(answer?.status).not.toBe(200)
    await real.compareAll(reference)
  }),
)

const killRemove = fc.record({ place, delay }).map((values) =>
  onItem('kill during a delete', values, async (item, real, reference) => {
    const { delay } = values
    const answer = await real.killDuring(
      () => real.client.delete(`/media/delete/${item.id}`),
      delay / 4,
    )
    const { status } = await real.client.get(`/media/item/${item.id}`)
    if (answer?.status === 200) expect(status).toBe(404)
    if (status === 404) forget(reference, new Set([item]))
    await real.compareAll(reference)
  }),
)

const killReplace = fc.record({ place, image, delay }).map((values) =>
  onItem('kill during a replacement', values, async (item, real, reference) => {
    const { delay, image } = values
    const ask = () => sendReplacement(real.client, item, image)
    const answer = await real.killDuring(ask, delay)
    const path = `/media/item/${item.id}/versions`
    const { body } = await real.client.request<VersionList>('GET', path)
    const isDone = body.versions[0]?.version !== item.versions.at(-1)?.version
    if (answer?.status === 200) expect(isDone).toBe(true)
    if (isDone) Object.assign(item, replaceImage(item, image))
    await real.compareAll(reference)
  }),
)

/** Asks for an image at several sizes at once. @returns the statuses, without those that a kill prevented */
async function showAll(real: RealLibrary, { id }: Item): Promise<number[]> {
  const asked = BY_ID.map((options) => real.asGuest(`/media/image/${id}/${options}`))
  const answers = await Promise.allSettled(asked)
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.status] : []))
}

/** A focus that no other command sets. */
const CORNER = { x: 0.9, y: 0.9 }
const nextImage = ({ image }: Item) => (image + 1) % IMAGES

/** Changes of an item: how they are asked for, and what they do. */
const CHANGES = {
  delete: {
    send: (client: Client, { id }: Item) => client.delete(`/media/delete/${id}`),
    apply: (item: Item, reference: Reference) => forget(reference, new Set([item])),
  },
  trash: {
    send: (client: Client, { id }: Item) => client.post(`/media/trash/${id}`, undefined),
    apply(item: Item, reference: Reference) {
      forget(reference, new Set([item]))
      reference.trash.push(item)
    },
  },
  replace: {
    send: (client: Client, item: Item) => sendReplacement(client, item, nextImage(item)),
    apply: (item: Item) => Object.assign(item, replaceImage(item, nextImage(item))),
  },
  focus: {
    send: (client: Client, item: Item) => sendFocus(client, item, CORNER),
    apply: (item: Item) => Object.assign(item, { focus: CORNER }),
  },
}

const changeDuringRenders = fc
  .record({ place, what: fc.constantFrom('delete', 'trash', 'replace', 'focus') })
  .map((values) =>
    onItem('change during renders', values, async (item, real, reference) => {
      const { send, apply } = CHANGES[values.what]
      const [shown, { status }] = await Promise.all([showAll(real, item), send(real.client, item)])
      expect(status).toBe(200)
      for (const status of shown) expect([200, 404]).toContain(status)
      apply(item, reference)
      const wanted = reference.items.includes(item) ? 200 : 404
      expect(new Set(await showAll(real, item))).toEqual(new Set([wanted]))
    }),
  )

const killRenders = fc
  .record({ place, what: fc.constantFrom('nothing', 'delete', 'focus'), delay })
  .map((values) =>
    onItem('kill during renders', values, async (item, real, reference) => {
      const { what, delay } = values
      const change = what === 'nothing' ? undefined : CHANGES[what]
      const answer = await real.killDuring(async () => {
        const [, answer] = await Promise.all([showAll(real, item), change?.send(real.client, item)])
        return answer
      }, delay)
      const { media } = (await real.client.list()).body
      const found = media.find(({ id }) => id === item.id)
      const isDone = what === 'focus' ? found?.focus?.x === CORNER.x : found === undefined
      if (answer?.status === 200) expect(isDone).toBe(true)
      if (isDone) change?.apply(item, reference)
      await real.compareAll(reference)
    }),
  )

const often = <T>(weight: number, arbitrary: T): T[] => new Array<T>(weight).fill(arbitrary)

/** Commands that restart the server are rare, because they are slow. */
const arbitraries = [
  ...often(9, add),
  ...often(4, edit),
  ...often(4, remove),
  ...often(3, trash),
  ...often(2, restoreTrashed),
  removeTrashed,
  ...often(2, tagMany),
  removeMany,
  ...often(5, replace),
  ...often(3, restoreVersion),
  ...often(2, removeVersion),
  ...often(12, list),
  ...often(6, show),
  ...often(9, showAtSize),
  ...often(3, setFocus),
  ...often(2, setPreset),
  removePreset,
  ...often(2, changeDuringRenders),
  fc.oneof(restart, killAdd, killRemove, killReplace, killRenders, killRenders),
]

/**
 * @param most maximum number of commands in one script
 * @param replayPath from the message of a failure, to run that script again
 */
export const scripts = (most: number, replayPath?: string) =>
  fc.commands<Reference, RealLibrary, false>(arbitraries, {
    maxCommands: most,
    size: 'max',
    ...(replayPath !== undefined && { replayPath }),
  })
