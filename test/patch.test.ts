import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { RankedItem } from '../src/media/list/item-route.ts'
import { takeStock } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { type Client, type Server, signIn, startServer } from './harness.ts'

let server: Server
let client: Client
let image: Buffer
let id: number
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
  image = await makePng()
  id = (await client.add('Bridge', ['one'], image)).body.media.id
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  await takeStock(server.data)
  await server.stop()
})

const patch = (json: unknown, headers: Record<string, string> = {}) =>
  client.request<{ data: string; code: number; detail: string; media: MediaItem }>(
    'PATCH',
    `/media/item/${id}`,
    { json, headers },
  )
const show = (headers: Record<string, string> = {}) =>
  client.request<RankedItem>('GET', `/media/item/${id}`, { headers })
const find = async (search: string) =>
  (await client.list(`?${new URLSearchParams({ search })}`)).body.media.map((item) => item.id)

describe('a patch of an item', () => {
  it('changes the members that it names, and no others', async () => {
    const before = (await show()).body.media
    const { status, body } = await patch({
      alt: 'A bridge',
      focus: { x: 0.25, y: 0.75 },
      translations: { de: { alt: 'Eine Brücke' } },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ data: 'Media updated successfully', code: 200 })
    const shown = await show()
    expect(shown.body.media).toEqual({
      ...before,
      alt: 'A bridge',
      focus: { x: 0.25, y: 0.75 },
      translations: { de: { alt: 'Eine Brücke' } },
      revision: before.revision + 1,
      changedAt: body.media.changedAt,
      // The key in them follows from the focus.
      urls: { ...body.media.urls, srcset: expect.any(String) },
    })
    expect(body.media.urls).not.toEqual(before.urls)
    expect(body.media.changedAt > before.changedAt).toBe(true)
    expect(Value.Errors(RankedItem, shown.body)).toEqual([])
    const { translations, exif, location, ...detailed } = shown.body.media
    const { srcset, ...urls } = detailed.urls
    const listed = { ...detailed, urls }
    expect(body.media).toEqual(listed)
    expect((await client.list()).body.media[0]).toEqual(listed)
  })

  it('is found by what it wrote, and not any more by what it cleared', async () => {
    await patch({ credit: 'Ada Lovelace', description: 'first line\nsecond', source: 'nowhere' })
    for (const text of ['lovelace', 'second', 'a bridge', 'brucke', 'bridge line']) {
      expect([text, await find(text)]).toEqual([text, [id]])
    }
    // The source is no text that is searched, and no term matches across two lines.
    for (const text of ['nowhere', '"linesecond"']) expect(await find(text)).toEqual([])
    await patch({ credit: null, translations: { de: null } })
    expect(await find('lovelace')).toEqual([])
    expect(await find('brucke')).toEqual([])
    expect((await show()).body.media.translations).toEqual({})
  })

  it('changes nothing with a revision that is not that of the item', async () => {
    const etag = (await show()).headers.get('etag') ?? ''
    const { revision } = (await show()).body.media
    expect(etag).toMatch(new RegExp(`^"${revision}\\.`))
    const ok = await patch({ rating: 3 }, { 'if-match': etag })
    expect([ok.status, ok.body.media.revision]).toEqual([200, revision + 1])

    const late = await patch({ rating: 4 }, { 'if-match': etag })
    expect(late.status).toBe(412)
    expect(late.body).toMatchObject({ data: 'Media changed meanwhile', error: 'media-changed' })
    const edit = await client.request('POST', `/media/edit/${id}`, {
      json: { name: 'Late', tags: [] },
      headers: { 'if-match': etag },
    })
    expect(edit.status).toBe(412)
    expect((await show()).body.media).toMatchObject({ name: 'Bridge', rating: 3 })

    const several = await patch({ rating: 5 }, { 'if-match': `${etag}, W/"${revision + 1}.x"` })
    expect(several.body.media.rating).toBe(5)
    expect((await patch({ rating: 1 }, { 'if-match': '*' })).status).toBe(200)
    const strange = await patch({ rating: 2 }, { 'if-match': '"abc"' })
    expect([strange.status, strange.body.data]).toEqual([400, 'Invalid parameters'])
    expect(strange.body.detail).toContain('If-Match is "\\"abc\\""')
  })

  it('is understood as a merge patch by its media type too', async () => {
    const headers = { 'content-type': 'application/merge-patch+json' }
    const body = JSON.stringify({ copyright: '© 2026' })
    const { status } = await client.request('PATCH', `/media/item/${id}`, { body, headers })
    expect(status).toBe(200)
    expect((await show()).body.media.copyright).toBe('© 2026')
    const text = await client.request('PATCH', `/media/item/${id}`, {
      body,
      headers: { 'content-type': 'text/plain' },
    })
    expect(text.status).toBe(415)
  })

  it('refuses a collection that does not exist, and changes nothing', async () => {
    const before = (await show()).body.media
    const { status, body } = await patch({ name: 'Other', collections: [77] })
    expect([status, body.data]).toEqual([400, 'Invalid parameters'])
    expect(body.detail).toBe('There is no collection with id 77.')
    expect((await show()).body.media).toEqual(before)
  })

  it('answers 304 to the ETag of an unchanged item alone', async () => {
    const etag = (await show()).headers.get('etag') ?? ''
    expect((await show({ 'if-none-match': etag })).status).toBe(304)
    await patch({ rating: 2 })
    expect((await show({ 'if-none-match': etag })).status).toBe(200)
  })
})

describe('members beyond name and tags', () => {
  it('stay as they are in an edit that does not name them', async () => {
    const before = (await patch({ alt: 'Kept', rating: 4 })).body.media
    const { body } = await client.post(`/media/edit/${id}`, {
      name: 'Bridge',
      tags: ['one', 'two'],
    })
    expect(body.media).toMatchObject({ alt: 'Kept', rating: 4, revision: before.revision + 1 })
    const cleared = await client.post(`/media/edit/${id}`, {
      name: 'Bridge',
      tags: ['one'],
      alt: null,
      unknown: 1,
    })
    expect(cleared.body.media.alt).toBe(null)
  })

  it.each([
    ['edit', (json: object) => client.post(`/media/edit/${id}`, json)],
    [
      'add',
      (json: object) => client.post('/media/add', { image: image.toString('base64'), ...json }),
    ],
  ] as const)('of a wrong type are refused in %s', async (_, send) => {
    const { status, body } = await send({ name: 'A', tags: [], rating: '5' })
    expect([status, body.data]).toEqual([400, 'Invalid parameters'])
    expect(body.detail).toContain('rating is "5"')
  })

  it('are stored by an add, as JSON and as a form', async () => {
    const members = {
      alt: 'A plan',
      rating: 2,
      focus: { x: 0, y: 1 },
      takenAt: '2026-03-14T15:09:26',
    }
    const translations = { fr: { alt: 'Un plan' } }
    const json = await client.post('/media/add', {
      name: 'Plan',
      tags: [],
      image: image.toString('base64'),
      translations,
      ...members,
    })
    expect(json.body.media).toMatchObject({
      ...members,
      addedBy: 'admin',
      fileName: null,
      revision: 1,
    })

    const form = new FormData()
    form.append('name', 'Plan')
    form.append('tags', '[]')
    form.append('alt', 'A plan')
    form.append('rating', '2')
    form.append('focus', '{"x":0,"y":1}')
    form.append('takenAt', '2026-03-14T15:09:26')
    form.append('translations', JSON.stringify(translations))
    form.append('image', new Blob([new Uint8Array(image)]), 'C:\\plans\\plan é.png')
    const { body } = await client.request('POST', '/media/add', { body: form })
    expect(body.media).toMatchObject({ ...members, addedBy: 'admin', fileName: 'plan é.png' })
    const { media } = (await client.request<RankedItem>('GET', `/media/item/${body.media.id}`)).body
    expect(media.translations).toEqual(translations)
    expect(await find('plan é.png')).toEqual([body.media.id])
  })
})
