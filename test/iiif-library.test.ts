import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectSettled } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { Client, type Server, signIn, startServer } from './harness.ts'
import { loseObject } from './library-storage.ts'
import { keyOf } from './squares.ts'

const PUBLIC = 'https://images.example/museum'
const SETTINGS = {
  VITRINE_IIIF: 'true',
  VITRINE_PUBLIC_URL: PUBLIC,
  VITRINE_BASE_PATH: '/museum',
}

let server: Server
let owner: Client
let guest: Client

beforeAll(async () => {
  server = await startServer(SETTINGS)
  owner = await signIn(server)
  guest = new Client(server.url)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

describe('an identifier of the IIIF Image API', () => {
  it('from before a change of the focus leads to the present one, with the same request', async () => {
    const item = (
      await owner.add('Moved', [], await makePng({ width: 600, height: 400, seed: 31 }))
    ).body.media
    const before = keyOf(item)
    const json = { focus: { x: 0.1, y: 0.9 } }
    const { body } = await owner.request('PATCH', `/media/item/${item.id}`, { json })
    const now = keyOf(body.media)
    expect(now).not.toBe(before)
    for (const rest of ['', '/info.json', '/pct:0,0,50,50/%5E!10,10/!90/gray.png']) {
      const { status, headers } = await guest.get(`/iiif/${before}${rest}`)
      const to = new URL(String(headers.get('location')), `${PUBLIC}/iiif/${before}${rest}`)
      expect([status, to.href]).toEqual([308, `${PUBLIC}/iiif/${now}${rest}`])
    }
  })

  it('of a deleted item is gone at once', async () => {
    const item = (await owner.add('Gone', [], await makePng({ width: 600, height: 400, seed: 32 })))
      .body.media
    const paths = ['', '/info.json', '/0,0,512,400/512,400/0/default.jpg'].map(
      (rest) => `/iiif/${keyOf(item)}${rest}`,
    )
    for (const path of paths) expect((await guest.get(path)).status).toBeLessThan(400)
    await owner.delete(`/media/delete/${item.id}`)
    for (const path of paths) expect((await guest.get(path)).status).toBe(404)
    await expectSettled(server.data)
  })
})

describe('images of the IIIF Image API', () => {
  it("are shown to the page's viewer of items in the trash, and lead on from merged ones", async () => {
    const add = async (seed: number) =>
      (await owner.add('A', [], await makePng({ width: 600, height: 400, seed }))).body.media.id
    const [kept, merged, trashed] = [await add(41), await add(42), await add(43)]
    await owner.post('/media/merge', { into: kept, ids: [merged] })
    await owner.post(`/media/trash/${trashed}`, {})
    const { status, headers } = await owner.get(
      `/media/item/${merged}/iiif/full/100,/0/default.jpg`,
    )
    const to = new URL(
      String(headers.get('location')),
      `http://a/media/item/${merged}/iiif/full/100,/0/default.jpg`,
    )
    expect([status, to.pathname]).toEqual([308, `/media/item/${kept}/iiif/full/100,/0/default.jpg`])
    const shown = await owner.get(`/media/item/${trashed}/iiif/full/100,/0/default.jpg`)
    expect([shown.status, shown.headers.get('cache-control')]).toEqual([200, 'private, no-store'])
    expect((await owner.get(`/media/item/${merged}/iiif/info.json?in=trash`)).status).toBe(200)
  })

  it('are made in blocks, also at two servers at once: one that is asked for later is there already', async () => {
    const second = await startServer(SETTINGS, server.data)
    const { media: item } = (
      await owner.add('Large', [], await makePng({ width: 2600, height: 1100, seed: 33 }))
    ).body
    const at = (x: number, y: number) =>
      `/iiif/${keyOf(item)}/${x},${y},512,512/512,512/0/default.jpg`
    const [first, same, other] = await Promise.all([
      guest.get(at(0, 0)),
      new Client(second.url).get(at(0, 0)),
      guest.get(at(512, 512)),
    ])
    expect([first.status, same.status, other.status]).toEqual([200, 200, 200])
    expect(same.bytes).toEqual(first.bytes)
    expect(other.bytes).not.toEqual(first.bytes)
    expect(await second.stop()).toBe(0)
    await expectSettled(server.data)
    // Nothing more can be rendered.
    await loseObject(server.data, item.path)
    expect((await guest.get(at(1024, 512))).status).toBe(200)
    expect((await guest.get(at(2048, 0))).status).toBe(200)
  })
})
