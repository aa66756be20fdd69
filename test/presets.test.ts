import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PresetAnswer } from '../src/images/presets/preset-routes.ts'
import type { MediaItem } from '../src/media/item.ts'
import { makePng } from './fixtures.ts'
import { Client, type Envelope, runCli, type Server, signIn, startServer } from './harness.ts'

const SECRET = 'the-key-of-the-shop-front'

let server: Server
/** More instances on the same library: one with an address for the public and a key, and one without sizes. */
let known: Server
let off: Server
let admin: Client
let guest: Client
let item: MediaItem
let key: string

beforeAll(async () => {
  server = await startServer()
  const settings = {
    VITRINE_BASE_PATH: '/media-app/',
    VITRINE_PUBLIC_URL: 'https://media.example.com/media-app/',
    VITRINE_SIGNING_KEYS: `shop:${SECRET}`,
    VITRINE_AVIF: 'true',
    VITRINE_HOSTS: 'other.example',
  }
  known = await startServer(settings, server.data)
  off = await startServer({ VITRINE_TRANSFORMS: 'off' }, server.data)
  admin = await signIn(server)
  guest = new Client(server.url)
  const image = await makePng({ width: 900, height: 600 })
  item = (await admin.add('Tower', [], image)).body.media
  key = item.urls.scaled.split('/').at(-2) ?? ''
})
afterAll(async () => {
  for (const one of [server, known, off]) {
    expect(one.log()).not.toContain('"level":50')
    expect(await one.stop()).toBe(0)
  }
})
beforeEach(async () => {
  for (const { name } of await list()) await admin.delete(`/presets/${name}`)
})

interface Saved extends Envelope {
  preset: PresetAnswer
}

const put = (name: string, options: string) =>
  admin.request<Saved>('PUT', `/presets/${name}`, { json: { options } })
const list = async (client = admin) =>
  (await client.request<{ presets: PresetAnswer[] }>('GET', '/presets')).body.presets
const revisionOf = async (name: string, options: string) =>
  (await put(name, options)).body.preset.revision
const urls = (options: unknown, { id = item.id as unknown, client = admin } = {}) =>
  client.request<Envelope & { urls: string[] }>('POST', '/media/urls', { json: { id, options } })
const htmlOf = async (query = '', client = admin, id = item.id) =>
  (await client.request<{ html: string }>('GET', `/media/item/${id}/html${query}`)).body.html

/** Where an address leads, and how long that may be kept. */
const leads = async (path: string, client = guest) => {
  const { status, headers } = await client.get(path)
  return [status, headers.get('location'), headers.get('cache-control')]
}
const FOR_EVER = 'public, max-age=31536000, immutable'

describe('presets', () => {
  it('are saved, listed by name and deleted', async () => {
    const saved = await put('hero', 'ar_42-18,w_01600,q_85')
    expect(saved).toMatchObject({ status: 200, body: { data: 'Preset saved successfully' } })
    const { preset } = saved.body
    expect(preset).toEqual({
      name: 'hero',
      options: 'w_1600,ar_21-9,q_85',
      revision: expect.any(Number),
      changedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      changedBy: 'admin',
    })
    await put('card-2', 'w_300')
    expect((await list()).map(({ name }) => name)).toEqual(['card-2', 'hero'])
    expect((await put('hero', 'w_1600,ar_21-9,q_85')).body.preset).toEqual(preset)
    expect(await admin.delete('/presets/hero')).toMatchObject({
      status: 200,
      body: { data: 'Preset deleted successfully', code: 200, preset },
    })
    expect((await list()).map(({ name }) => name)).toEqual(['card-2'])
  })

  it('are for those who may view media, and changed only by those who may manage them', async () => {
    await put('hero', 'w_300')
    const input = 'looks at everything'
    for (const role of ['viewer', 'editor']) {
      const options = { input }
      await runCli(server.data, ['user', 'add', role, '--role', role, '--password-stdin'], options)
      const client = await signIn(server, role, input)
      expect((await list(client)).map(({ name }) => name)).toEqual(['hero'])
      const json = { options: 'w_400' }
      expect((await client.request('PUT', '/presets/hero', { json })).status).toBe(403)
      expect((await client.delete('/presets/hero')).status).toBe(403)
      expect((await urls(['hero.webp'], { client })).status).toBe(200)
      expect(await htmlOf('', client)).toContain('<picture>')
    }
    for (const path of ['/presets', `/media/item/${item.id}/html`]) {
      expect((await guest.get(path)).status).toBe(401)
    }
    expect((await urls(['w_300.webp'], { client: guest })).status).toBe(401)
    expect((await list())[0]).toMatchObject({ options: 'w_300' })
  })

  it('are current by id at once, on every instance', async () => {
    const path = `/media/image/${item.id}/hero.webp`
    const other = new Client(known.url)
    expect(await leads(path)).toEqual([404, null, 'no-store'])
    await put('hero', 'w_300')
    const etags = new Set<string | null>()
    for (const options of ['w_300', 'w_200', 'w_300,gray_1']) {
      await put('hero', options)
      for (const client of [guest, other]) {
        const { status, headers } = await client.get(path)
        expect([status, headers.get('cache-control')]).toEqual([200, 'no-cache'])
        etags.add(headers.get('etag'))
      }
    }
    expect(etags.size).toBe(3)
    await admin.delete('/presets/hero')
    for (const client of [guest, other])
      expect(await leads(path, client)).toEqual([404, null, 'no-store'])
  })

  it('have their revision in immutable addresses', async () => {
    const path = (text: string) => `/media/file/${key}/${text}`
    const first = await revisionOf('hero', 'w_300')
    expect(await leads(path('hero.webp'))).toEqual([307, `hero,v_${first}.webp`, 'no-cache'])
    expect(await leads(path(`hero,v_${first}.webp`))).toEqual([200, null, FOR_EVER])
    const second = await revisionOf('hero', 'w_200')
    expect(second).toBeGreaterThan(first)
    for (const text of ['hero', `hero,v_${first}`, `hero,v_${second + 5}`]) {
      expect(await leads(path(`${text}.webp`))).toEqual([307, `hero,v_${second}.webp`, 'no-cache'])
    }
    expect(await leads(path(`hero,v_${first},w_80.jpg`))).toEqual([
      307,
      `hero,v_${second},w_80.jpg`,
      'no-cache',
    ])
    expect(await leads(path(`hero,v_${second}.webp`))).toEqual([200, null, FOR_EVER])
    await admin.delete('/presets/hero')
    for (const text of ['hero', `hero,v_${first}`, `hero,v_${second}`]) {
      expect(await leads(path(`${text}.webp`))).toEqual([404, null, 'no-store'])
    }
    // Caches may still have what the earlier revisions showed.
    expect(await revisionOf('hero', 'w_300')).toBeGreaterThan(second)
  })

  it('keep a signature valid when they change', async () => {
    await put('hero', 'w_300')
    const { body } = await urls(['hero,q_50.webp'])
    const [before = ''] = body.urls
    expect((await guest.get(before)).status).toBe(200)
    const revision = await revisionOf('hero', 'w_200')
    const [status, location] = await leads(before)
    expect([status, location]).toEqual([
      307,
      expect.stringMatching(`^hero,v_${revision},q_50,s_0-[\\w-]{43}\\.webp$`),
    ])
    expect(await leads(`/media/file/${key}/${location}`)).toEqual([200, null, FOR_EVER])
  })
})

describe('addresses that the library makes', () => {
  it('are immutable, canonical, in order, and signed where not everybody may ask', async () => {
    const revision = await revisionOf('hero', 'w_300')
    const options = [
      'w_640.webp',
      'ar_16-9,w_640.jpg',
      'w_700.webp',
      'q_060,w_640.webp',
      'hero.webp',
      'hero,v_1,w_80.png',
      'hero,w_90.webp',
      'scaled',
      'high.webp',
      'w_640,q_80.webp',
      'w_640,s_0-wrong.webp',
    ]
    const { status, body } = await urls(options)
    expect(status).toBe(200)
    const SIGNATURE = 's_0-…'
    expect(body.urls.map((url) => url.replace(/s_0-[\w-]{43}/, SIGNATURE))).toEqual(
      [
        'w_640.webp',
        'w_640,ar_16-9.jpg',
        `w_700,${SIGNATURE}.webp`,
        `w_640,q_60,${SIGNATURE}.webp`,
        `hero,v_${revision}.webp`,
        `hero,v_${revision},w_80.png`,
        `hero,v_${revision},w_90,${SIGNATURE}.webp`,
        'scaled.webp',
        'high.webp',
        'w_640.webp',
        'w_640.webp',
      ].map((text) => `/media/file/${key}/${text}`),
    )
    for (const url of body.urls) expect(await leads(url)).toEqual([200, null, FOR_EVER])
    const [, , signed = ''] = body.urls
    expect((await guest.get(signed.replace('w_700', 'w_701'))).status).toBe(403)
    expect((await guest.get(signed.replace('.webp', '.jpg'))).status).toBe(403)
  })

  it('are signed by the first key, and have the base path', async () => {
    const client = await signIn(known)
    const { body } = await urls(['w_640,q_60.webp', 'w_640.avif', 'scaled'], { client })
    const [signed = '', ...others] = body.urls
    expect(signed).toMatch(/^\/media-app\/media\/file\/[\w-]+\/w_640,q_60,s_shop-[\w-]{43}\.webp$/)
    expect(others).toEqual([
      `/media-app/media/file/${key}/w_640.avif`,
      `/media-app/media/file/${key}/scaled.webp`,
    ])
    expect((await new Client(known.url).get(signed)).status).toBe(200)
    // The other instance does not have that key.
    expect((await guest.get(signed.slice('/media-app'.length))).status).toBe(403)
  })

  it('are only of what is right', async () => {
    const refused = async (options: unknown, more = {}) => {
      const { status, body } = await urls(options, more)
      return [status, body.data, body.detail]
    }
    for (const [text, detail] of [
      ['w_0.webp', 'w is "0"; it must be a whole number from 1 to 8192.'],
      ['w_640', 'The options must end in a format, as in w_800.webp, or be scaled or high.'],
      ['nope.webp', 'There is no preset nope.'],
      ['w_640.gif', 'The extension is "gif"; it must be webp, avif, jpg, png or auto.'],
    ] as const) {
      expect(await refused(['w_80.webp', text])).toEqual([
        400,
        'Invalid parameters',
        `options[1] is "${text}". ${detail}`,
      ])
    }
    const many = Array.from({ length: 101 }, () => 'scaled')
    expect((await urls(many.slice(1))).body.urls).toHaveLength(100)
    for (const [options, id, status, data] of [
      [many, item.id, 400, 'Invalid parameters'],
      [[], item.id, 400, 'Required parameters missing'],
      ['scaled', item.id, 400, 'Required parameters missing'],
      [['scaled'], '1', 400, 'Required parameters missing'],
      [['scaled'], 9007199254740991, 404, 'Media not found'],
    ] as const) {
      expect((await refused(options, { id })).slice(0, 2)).toEqual([status, data])
    }
  })

  it('are not of an item in the trash', async () => {
    const { media } = (await admin.add('Gone', [], await makePng({ seed: 2 }))).body
    await admin.post(`/media/trash/${media.id}`, undefined)
    expect((await urls(['scaled'], { id: media.id })).status).toBe(404)
    expect((await admin.get(`/media/item/${media.id}/html`)).status).toBe(404)
  })

  it('are only those of scaled and high where there are no sizes', async () => {
    const client = await signIn(off)
    expect((await urls(['scaled', 'high.webp'], { client })).body.urls).toEqual([
      item.urls.scaled,
      item.urls.high,
    ])
    for (const text of ['w_640.webp', 'scaled.jpg', 'scaled,w_80.webp', 'hero.webp']) {
      const { status, body } = await urls([text], { client })
      expect([status, body.detail]).toEqual([400, expect.stringContaining('VITRINE_TRANSFORMS')])
    }
  })
})

describe('the srcset of an item', () => {
  let signed: Server
  beforeAll(async () => {
    signed = await startServer({ VITRINE_TRANSFORMS: 'signed' }, server.data)
    return () => signed.stop()
  })

  it('names images that the server sends, whatever it allows', async () => {
    const all: string[][] = []
    for (const one of [server, signed, off]) {
      const client = await signIn(one)
      const { body } = await client.request<{ media: { urls: { srcset: string } } }>(
        'GET',
        `/media/item/${item.id}`,
      )
      const candidates = body.media.urls.srcset.split(', ').map((text) => text.split(' '))
      for (const [address = ''] of candidates) {
        expect(await leads(address, new Client(one.url))).toEqual([200, null, FOR_EVER])
      }
      expect(candidates.at(-1)?.[1]).toBe('900w')
      all.push(candidates.map(([address = '']) => address.replace(`/media/file/${key}/`, '')))
    }
    const [bounded = [], bySignature = [], stored] = all
    expect(bounded).toContain('w_80.webp')
    expect(bySignature.map((file) => file.replace(/,s_0-[\w-]{43}\./, '.'))).toEqual(bounded)
    expect(bySignature).not.toContain('w_80.webp')
    expect(stored).toEqual(['scaled.webp', 'high.webp'])
  })

  it('is all that anybody may ask for where signatures are required, beside presets', async () => {
    const revision = await revisionOf('hero', 'w_50')
    const client = new Client(signed.url)
    for (const [file, status] of [
      ['w_80.webp', 403],
      ['scaled.webp', 200],
      [`hero,v_${revision}.jpg`, 200],
      [`hero,v_${revision},w_80.jpg`, 200],
    ] as const) {
      expect([file, (await client.get(`/media/file/${key}/${file}`)).status]).toEqual([
        file,
        status,
      ])
    }
  })
})

describe('the HTML of an item', () => {
  const attributes = (html: string, name: string) =>
    [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g'))].map(([, value = '']) => value)
  const addressesIn = (html: string) => [
    ...attributes(html, 'src'),
    ...attributes(html, 'srcset').flatMap((set) =>
      set.split(', ').map((one) => one.split(' ')[0] ?? ''),
    ),
  ]

  it('names images that are there', async () => {
    const html = await htmlOf('?sizes=50vw')
    expect(html).toContain(
      ` width="900" height="600" alt="" loading="lazy" style="background: url(data:`,
    )
    expect(attributes(html, 'sizes')).toEqual(['50vw'])
    expect(attributes(html, 'src')).toEqual([`/media/file/${key}/w_960.jpg`])
    const addresses = addressesIn(html)
    expect(addresses).toContain(`/media/file/${key}/w_80.webp`)
    for (const address of addresses) expect(await leads(address)).toEqual([200, null, FOR_EVER])
  })

  it('names those of a preset', async () => {
    const revision = await revisionOf('hero', 'w_500,ar_1-1')
    const html = await htmlOf('?preset=hero')
    expect(html).toContain(' width="500" height="500" ')
    expect(attributes(html, 'src')).toEqual([`/media/file/${key}/hero,v_${revision}.jpg`])
    expect(attributes(html, 'srcset')[0]?.split(', ').slice(-2)).toEqual([
      `/media/file/${key}/hero,v_${revision},w_480.webp 480w`,
      `/media/file/${key}/hero,v_${revision}.webp 500w`,
    ])
    for (const address of addressesIn(html))
      expect(await leads(address)).toEqual([200, null, FOR_EVER])
  })

  it('has addresses under the public URL, whatever the client calls the server', async () => {
    const client = await signIn(known)
    for (const host of ['localhost', 'other.example']) {
      const headers = { host, 'x-forwarded-host': 'third.example' }
      const request = client.start('GET', `/media/item/${item.id}/html`, headers)
      const [answer] = await once(request.end(), 'response')
      const { html } = (await json(answer)) as { html: string }
      const addresses = addressesIn(html)
      expect(addresses).toContain(`https://media.example.com/media-app/media/file/${key}/w_80.avif`)
      for (const address of addresses) {
        expect(address).toMatch(/^https:\/\/media\.example\.com\/media-app\/media\/file\//)
      }
    }
  })

  it('escapes what people wrote', async () => {
    const hostile = `"><script>alert('1')</script><img src=x onerror="x`
    const image = await makePng({ seed: 3 })
    const { media } = (await admin.add(hostile, [], image)).body
    const json = { alt: hostile }
    expect((await admin.request('PATCH', `/media/item/${media.id}`, { json })).status).toBe(200)
    const html = await htmlOf(`?sizes=${encodeURIComponent(hostile)}`, admin, media.id)
    expect(html).not.toContain('<script')
    expect([...html.matchAll(/</g)]).toHaveLength(4)
    expect(html).toContain(
      'alt="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&lt;img src=x',
    )
  })

  it('is of scaled and high where there are no sizes', async () => {
    const client = await signIn(off)
    const html = await htmlOf('', client)
    expect(addressesIn(html)).toEqual([item.urls.high, item.urls.scaled, item.urls.high])
    expect(addressesIn(await htmlOf('?preset=scaled', client))).toEqual([
      item.urls.scaled,
      item.urls.scaled,
    ])
    expect((await client.get(`/media/item/${item.id}/html?preset=hero`)).status).toBe(400)
  })

  it.each([
    ['preset=nope', 404, 'Preset not found'],
    ['preset=hero,w_80', 400, 'Invalid parameters'],
    ['preset=Hero', 400, 'Invalid parameters'],
    ['preset=a&preset=b', 400, 'Invalid parameters'],
    [`sizes=${'x'.repeat(1001)}`, 400, 'Invalid parameters'],
    ['sizes=a%00', 400, 'Invalid parameters'],
  ])('is refused for %s', async (query, status, data) => {
    expect(await admin.get(`/media/item/${item.id}/html?${query}`)).toMatchObject({
      status,
      body: { data },
    })
  })
})
