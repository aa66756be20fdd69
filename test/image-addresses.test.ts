import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { makePng } from './fixtures.ts'
import { Client, type Server, signIn, startServer } from './harness.ts'

let server: Server
let owner: Client
let guest: Client
let seed = 7000

beforeAll(async () => {
  server = await startServer()
  owner = await signIn(server)
  guest = new Client(server.url)
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
})

const add = async (width = 300, height = 200): Promise<MediaItem> =>
  (await owner.add('An image', [], await makePng({ width, height, seed: ++seed }))).body.media

const show = async (id: number) =>
  (
    await owner.request<{ media: MediaItem & { urls: { srcset: string } } }>(
      'GET',
      `/media/item/${id}`,
    )
  ).body.media

const focusOn = async (id: number, focus: { x: number; y: number } | null): Promise<MediaItem> => {
  const answer = await owner.request<{ media: MediaItem }>('PATCH', `/media/item/${id}`, {
    json: { focus },
  })
  expect(answer.status).toBe(200)
  return answer.body.media
}

const at = ({ urls }: MediaItem, file: string): string => urls.scaled.replace('scaled.webp', file)

/** Status, and the path that a redirect leads to. */
async function lead(path: string, client = guest): Promise<[number, string | undefined]> {
  const { status, headers } = await client.get(path)
  const location = headers.get('location')
  return [status, location === null ? undefined : new URL(location, server.url + path).pathname]
}

describe('the addresses of an image', () => {
  it('share one key, and a template and a srcset stand beside them', async () => {
    const { id, urls } = await add()
    const [, key] = /^\/media\/file\/([\w-]{22})\/scaled\.webp$/.exec(urls.scaled) ?? []
    expect(urls).toEqual({
      scaled: `/media/file/${key}/scaled.webp`,
      high: `/media/file/${key}/high.webp`,
      template: `/media/file/${key}/w_{width}.webp`,
    })
    const candidates = [80, 160, 240].map((width) => `/media/file/${key}/w_${width}.webp ${width}w`)
    // The first step that shows all of its pixels.
    candidates.push(`/media/file/${key}/w_320.webp 300w`)
    expect((await show(id)).urls.srcset).toBe(candidates.join(', '))
  })

  it('are checked in order: options, signature, item, spelling', async () => {
    const { id, urls } = await add()
    const key = urls.scaled.split('/')[3]
    for (const subject of [`image/${id}`, `file/${key}`]) {
      const answers = async (file: string) => lead(`/media/${subject}/${file}`)
      expect(await answers('w_0.webp')).toEqual([400, undefined])
      expect(await answers('w_320.gif')).toEqual([400, undefined])
      expect(await answers('w_320,w_320.webp')).toEqual([400, undefined])
      expect(await answers('w_320,q_70.webp')).toEqual([403, undefined])
      expect(await answers('w_320,ar_7-4.webp')).toEqual([403, undefined])
      expect(await answers('w_320.avif')).toEqual([403, undefined])
      expect(await answers('ar_1-1.webp')).toEqual([403, undefined])
      expect(await answers('w_320,s_0-AAAA.webp')).toEqual([403, undefined])
      expect(await answers('w_320')).toEqual([404, undefined])
      expect(await answers('hero.webp')).toEqual([404, undefined])
      expect(await answers('w_300.webp')).toEqual([308, `/media/${subject}/w_320.webp`])
      expect(await answers('w_9000.webp')).toEqual([400, undefined])
      expect(await answers('w_8000.webp')).toEqual([308, `/media/${subject}/w_3840.webp`])
      expect(await answers('ar_1-1,w_0320.jpg')).toEqual([
        308,
        `/media/${subject}/w_320,ar_1-1.jpg`,
      ])
    }
    for (const subject of ['image/999999', 'image/x', 'file/AAAAAAAAAAAAAAAAAAAAAA']) {
      const answers = async (file: string) => (await guest.get(`/media/${subject}/${file}`)).status
      expect(await answers('w_320.webp')).toBe(404)
      if (subject === 'image/x') continue
      expect(await answers('w_321,q_1.webp')).toBe(403)
      expect(await answers('w_x.webp')).toBe(400)
    }
  })

  it('say what would be right', async () => {
    const { id } = await add()
    const detailOf = async (file: string) =>
      (await guest.request<{ detail: string }>('GET', `/media/image/${id}/${file}`)).body.detail
    expect(await detailOf('w_0.webp')).toMatch(/w .*0.* from 1 to 8192/)
    expect(await detailOf('w_320.gif')).toMatch(/gif.*webp, avif, jpg, png/)
    expect(await detailOf('w_320,q_70.webp')).toContain('POST /media/urls')
  })

  it('of scaled and high have one spelling each', async () => {
    const media = await add()
    const byId = (file: string) => `/media/image/${media.id}/${file}`
    expect(await lead(byId('scaled'))).toEqual([200, undefined])
    expect(await lead(byId('scaled.webp'))).toEqual([308, byId('scaled')])
    expect(await lead(byId('high.webp'))).toEqual([308, byId('high')])
    expect(await lead(at(media, 'scaled'))).toEqual([308, media.urls.scaled])
    expect(await lead(media.urls.high)).toEqual([200, undefined])
  })

  it('are cached as long as they hold', async () => {
    const media = await add()
    const cached = async (path: string) => (await guest.get(path)).headers.get('cache-control')
    expect(await cached(`/media/image/${media.id}/w_80.webp`)).toBe('no-cache')
    expect(await cached(at(media, 'w_80.webp'))).toBe('public, max-age=31536000, immutable')
    expect(await cached(at(media, 'w_79.webp'))).toBe('public, max-age=3600')
    for (const wrong of ['w_0.webp', 'w_80,q_1.webp', 'hero.webp']) {
      expect(await cached(at(media, wrong))).not.toContain('max-age')
    }
  })

  it('that auto answers vary by the accepted formats', async () => {
    const media = await add()
    const typeFor = async (accept: string | undefined) => {
      const headers = accept === undefined ? {} : { accept }
      const answer = await guest.request('GET', at(media, 'w_80.auto'), { headers })
      expect([answer.status, answer.headers.get('vary')]).toEqual([200, 'Accept'])
      return answer.headers.get('content-type')
    }
    // Twice, because the second answer comes from memory.
    for (const _ of [1, 2]) {
      expect(await typeFor('image/avif,image/webp,*/*;q=0.8')).toBe('image/webp')
      expect(await typeFor('image/png,image/*;q=0.8')).toBe('image/jpeg')
      expect(await typeFor('image/webp;q=0, */*')).toBe('image/jpeg')
    }
  })
})

describe('a focus', () => {
  it('gives the item another key, and earlier addresses lead to the present ones', async () => {
    const { id, ...plain } = await add()
    const first = { ...plain, id } as MediaItem
    const second = await focusOn(id, { x: 0.25, y: 0.5 })
    expect(second.urls.scaled).not.toBe(first.urls.scaled)
    const third = await focusOn(id, { x: 0.75, y: 0.5 })
    for (const file of ['scaled.webp', 'high.webp', 'w_80,ar_1-1.webp']) {
      expect(await lead(at(third, file))).toEqual([200, undefined])
      for (const earlier of [first, second]) {
        expect(await lead(at(earlier, file))).toEqual([308, at(third, file)])
      }
    }
    const back = await focusOn(id, { x: 0.25, y: 0.5 })
    expect(back.urls).toEqual(second.urls)
    expect(await lead(at(third, 'w_80.webp'))).toEqual([308, at(second, 'w_80.webp')])
    expect((await focusOn(id, null)).urls).toEqual(first.urls)
    expect(await lead(at(second, 'w_80.webp'))).toEqual([308, at(first, 'w_80.webp')])
    expect((await owner.delete(`/media/delete/${id}`)).status).toBe(200)
    for (const gone of [first, second, third])
      expect((await lead(at(gone, 'w_80.webp')))[0]).toBe(404)
  })

  it('of one item leaves the addresses of another item with the same bytes alone', async () => {
    const image = await makePng({ seed: ++seed })
    const one = (await owner.add('One', [], image)).body.media
    const other = (await owner.add('Other', [], image)).body.media
    expect(one.urls).toEqual(other.urls)
    const focused = await focusOn(one.id, { x: 0, y: 0 })
    expect(await lead(one.urls.scaled)).toEqual([200, undefined])
    expect((await owner.delete(`/media/delete/${other.id}`)).status).toBe(200)
    expect(await lead(one.urls.scaled)).toEqual([308, focused.urls.scaled])
  })

  it('stays with a version whose image was replaced', async () => {
    const { id } = await add(300, 200)
    const focused = await focusOn(id, { x: 0.1, y: 0.9 })
    const image = await makePng({ width: 150, height: 100, seed: ++seed })
    const replaced = await owner.post(`/media/replace/${id}`, {
      image: image.toString('base64'),
    })
    expect(replaced.status).toBe(200)
    // The ratio is the same, so the item keeps its focus, and both have a key of their own.
    expect(replaced.body.media.focus).toEqual({ x: 0.1, y: 0.9 })
    expect(replaced.body.media.urls.scaled).not.toBe(focused.urls.scaled)
    for (const { urls } of [focused, replaced.body.media]) {
      expect(await lead(urls.scaled)).toEqual([200, undefined])
    }
    const moved = await focusOn(id, null)
    expect(await lead(focused.urls.scaled)).toEqual([200, undefined])
    expect(await lead(replaced.body.media.urls.scaled)).toEqual([308, moved.urls.scaled])
    expect((await owner.delete(`/media/item/${id}/versions/1`)).status).toBe(200)
    expect((await lead(focused.urls.scaled))[0]).toBe(404)
  })
})
