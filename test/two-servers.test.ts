import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaList } from '../src/media/list/list-route.ts'
import { expectConsistent, takeStock } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { Client, type Server, signIn, startServer } from './harness.ts'

const PATIENCE = { timeout: 20_000 }

let servers: [Server, Server]
let clients: [Client, Client]
beforeAll(async () => {
  const first = await startServer()
  const second = await startServer({}, first.data)
  servers = [first, second]
  clients = [await signIn(first), await signIn(second)]
})
afterAll(async () => {
  for (const server of servers) {
    expect(server.log()).not.toContain('"level":50')
    expect(await server.stop()).toBe(0)
  }
})

describe('two servers on one data folder', () => {
  it('add, change and delete at the same time', async () => {
    const [first, second] = clients
    const images = await Promise.all(
      Array.from({ length: 12 }, (_, index) => makePng({ width: 20, height: 20, seed: index + 1 })),
    )
    // Each image is sent to both servers.
    const answers = await Promise.all(
      images.flatMap((image) => clients.map((client) => client.add('Twin', [], image))),
    )
    expect(answers.map(({ status }) => status)).toEqual(new Array(24).fill(200))
    const { stored, media } = await expectConsistent(servers[0].data)
    expect(Object.keys(stored).length).toBe(24)
    expect((await first.list()).body).toEqual((await second.list()).body)

    const changes = await Promise.all(
      media.map((id, index) => {
        const [own, other] = index % 2 ? [first, second] : [second, first]
        return index % 3 === 0
          ? own.post(`/media/edit/${id}`, { name: 'Changed', tags: [] })
          : other.delete(`/media/delete/${id}`)
      }),
    )
    expect(changes.map(({ status }) => status)).toEqual(new Array(24).fill(200))
    const left = (await second.list('?order=added-asc')).body.media
    expect(left.map(({ id }) => id)).toEqual(media.filter((_, index) => index % 3 === 0))
    expect((await expectConsistent(servers[0].data)).media).toEqual(left.map(({ id }) => id))

    // Both servers render the large variant of the same file. One of the results is kept.
    const highs = await Promise.all(
      left.flatMap(({ urls }) => clients.map((client) => client.get(urls.high))),
    )
    expect(highs.map(({ status }) => status)).toEqual(highs.map(() => 200))
    await expectConsistent(servers[0].data)
  })

  it('keep the uploads of each other, also when one starts or stops', async () => {
    const [first] = clients
    const { data } = servers[0]
    const body = JSON.stringify({
      name: 'Slow',
      tags: [],
      image: (await makePng({ width: 20, height: 20, seed: 99 })).toString('base64'),
    })
    const request = first.start('POST', '/media/add', { 'content-type': 'application/json' })
    request.write(body.slice(0, -50))
    const temporaryFiles = async () => (await takeStock(data)).temporary.length
    await expect.poll(temporaryFiles, PATIENCE).toBe(1)
    const third = await startServer({}, data)
    expect(await third.stop()).toBe(0)
    expect(await temporaryFiles()).toBe(1)
    request.end(body.slice(-50))
    const [answer] = await once(request, 'response')
    expect(answer.statusCode).toBe(200)
    await expectConsistent(data)
  })

  it('see changes and sign-outs of the other immediately', async () => {
    const [first, second] = clients
    const own = await signIn(servers[0])
    const abroad = new Client(servers[1].url)
    abroad.cookie = own.cookie
    const { body } = await first.add('Seen', [], await makePng({ width: 20, height: 20, seed: 77 }))
    let etag = ''
    for (let round = 1; round <= 5; round++) {
      // From the second request on, the response and the session are cached.
      for (const _ of [1, 2, 3]) {
        const { status, headers } = await abroad.list('?limit=1')
        expect(status).toBe(200)
        etag = headers.get('etag') ?? ''
      }
      const headers = { 'if-none-match': etag }
      expect((await abroad.get('/media?limit=1', { headers })).status).toBe(304)
      const name = `Seen ${round}`
      await (round % 2 ? first : second).post(`/media/edit/${body.media.id}`, { name, tags: [] })
      const seen = await abroad.request<MediaList>('GET', '/media?limit=1', { headers })
      expect(seen.status).toBe(200)
      expect(seen.body.media[0]?.name).toBe(name)
    }
    await own.post('/auth/logout', {})
    expect((await abroad.list('?limit=1')).status).toBe(401)
    expect(
      (await abroad.get('/media?limit=1', { headers: { 'if-none-match': etag } })).status,
    ).toBe(401)
  })
})
