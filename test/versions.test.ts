import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { DetailedItem, MediaItem } from '../src/media/item.ts'
import type { VersionList } from '../src/media/versions/version-routes.ts'
import { expectConsistent, expectSettled } from './consistency.ts'
import { makeGif, makeHtml, makeJpeg, makePng } from './fixtures.ts'
import { Client, runCli, type Server, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'

let servers: [Server, Server]
let clients: [Client, Client]
let guests: [Client, Client]
beforeAll(async () => {
  const first = await startServer()
  servers = [first, await startServer({}, first.data)]
  clients = [await signIn(servers[0]), await signIn(servers[1])]
  guests = [new Client(servers[0].url), new Client(servers[1].url)]
})
afterAll(async () => {
  const [{ data }] = servers
  expect(await runCli(data, ['doctor'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing found'),
  })
  for (const server of servers) {
    expect(server.log()).not.toContain('"level":50')
    expect(await server.stop()).toBe(0)
  }
})

let seed = 4000
const newPng = (width = 30, height = 20) => makePng({ width, height, seed: ++seed })

async function add(client: Client, image: Buffer): Promise<MediaItem> {
  const { status, body } = await client.add('An item', ['tag'], image)
  expect(status).toBe(200)
  return body.media
}

const replace = (client: Client, id: number, image: Uint8Array) =>
  client.post(`/media/replace/${id}`, { image: Buffer.from(image).toString('base64') })

/** As a form does, with the file's name. */
function replaceByForm(client: Client, id: number, image: Uint8Array, name: string) {
  const body = new FormData()
  body.set('image', new Blob([new Uint8Array(image)]), name)
  return client.request('POST', `/media/replace/${id}`, { body })
}

const restore = (client: Client, id: number, version: number) =>
  client.post(`/media/item/${id}/versions/${version}/restore`, undefined)

const show = async (client: Client, id: number) =>
  (await client.request<{ media: DetailedItem }>('GET', `/media/item/${id}`)).body.media

const list = async (client: Client, id: number) =>
  (await client.request<VersionList>('GET', `/media/item/${id}/versions`)).body.versions

const numbers = async (client: Client, id: number) =>
  (await list(client, id)).map(({ version }) => version)

const original = (client: Client, id: number, version?: number) =>
  client.get(`/media/original/${id}${version === undefined ? '' : `?version=${version}`}`)

/** A library of its own, with this setting. */
async function withVersions(versions: string, test: (client: Client, server: Server) => unknown) {
  const server = await startServer({ VITRINE_VERSIONS: versions })
  try {
    await test(await signIn(server), server)
    expect(server.log()).not.toContain('"level":50')
  } finally {
    await server.stop()
  }
}

describe('replacing an image', () => {
  it('keeps what people wrote and shows the new image at once, everywhere', async () => {
    const [client, other] = clients
    const before = await newPng()
    const { id } = await add(client, before)
    const texts = { alt: 'A boat', description: 'At sea', credit: 'Anna', rating: 4 }
    await client.request('PATCH', `/media/item/${id}`, { json: texts })
    const item = await show(client, id)
    for (const guest of guests) {
      for (const path of [`/media/image/${id}`, `/media/image/${id}/high`, item.urls.scaled]) {
        expect((await guest.get(path)).status).toBe(200)
      }
    }

    const after = await makeJpeg({ width: 90, height: 40, seed: ++seed })
    const { status, body } = await replaceByForm(client, id, after, 'boat.jpg')
    expect({ status, data: body.data }).toEqual({
      status: 200,
      data: 'Media replaced successfully',
    })
    const media = await show(other, id)
    expect(media).toMatchObject(body.media)
    expect(media).toMatchObject({
      ...texts,
      id,
      name: 'An item',
      tags: ['tag'],
      timestamp: item.timestamp,
      addedBy: 'admin',
      fileName: 'boat.jpg',
      type: 'image/jpeg',
      size: after.length,
      width: 90,
      height: 40,
      revision: item.revision + 1,
    })
    expect(media.changedAt > item.changedAt).toBe(true)
    expect(media.path).not.toBe(item.path)
    expect(media.urls).not.toEqual(item.urls)
    expect((await other.list('?search=boat.jpg')).body.media.map(({ id }) => id)).toEqual([id])
    expect((await other.list()).body.media.find((found) => found.id === id)?.size).toBe(
      after.length,
    )

    for (const guest of guests) {
      const [byId, byUrl, earlier] = await Promise.all([
        guest.get(`/media/image/${id}`),
        guest.get(media.urls.scaled),
        guest.get(item.urls.scaled),
      ])
      expect(byId.bytes.equals(byUrl.bytes)).toBe(true)
      expect(byId.headers.get('etag')).toBe(byUrl.headers.get('etag'))
      expect(earlier.status).toBe(200)
      expect(earlier.bytes.equals(byId.bytes)).toBe(false)
      const [highById, highByUrl] = await Promise.all([
        guest.get(`/media/image/${id}/high`),
        guest.get(media.urls.high),
      ])
      expect(highById.bytes.equals(highByUrl.bytes)).toBe(true)
    }
    expect((await original(other, id)).bytes.equals(after)).toBe(true)
    expect((await original(other, id, 1)).bytes.equals(before)).toBe(true)
    expect((await original(other, id, 2)).bytes.equals(after)).toBe(true)
  })

  it('leaves the file name as it is if the new image has none', async () => {
    const [client] = clients
    const { id } = await add(client, await newPng())
    await replaceByForm(client, id, await newPng(), 'first.png')
    await replace(client, id, await newPng())
    expect((await show(client, id)).fileName).toBe('first.png')
  })

  it.each([
    { is: 'another aspect ratio', to: [20, 30] as const, stays: false },
    { is: 'twice the size', to: [200, 202] as const, stays: true },
    { is: 'a ratio that differs by 1 %', to: [101, 101] as const, stays: true },
    { is: 'a ratio that differs by more', to: [102, 100] as const, stays: false },
  ])('keeps the focus only where it means the same point: $is', async ({ to, stays }) => {
    const [client] = clients
    const { id } = await add(client, await newPng(100, 101))
    const focus = { x: 0.25, y: 0.75 }
    await client.request('PATCH', `/media/item/${id}`, { json: { focus } })
    await replace(client, id, await newPng(...to))
    expect((await show(client, id)).focus).toEqual(stays ? focus : null)
  })

  it('stores bytes that the library has only once', async () => {
    const [client] = clients
    const [known, image] = [await newPng(), await newPng()]
    const first = await add(client, known)
    const { id } = await add(client, image)
    const { stored } = await expectSettled(servers[0].data)
    const { body } = await replace(client, id, known)
    expect(body.media).toMatchObject({ path: first.path, urls: first.urls })
    // Back again: the bytes are those of version 1.
    await replace(client, id, image)
    expect((await expectConsistent(servers[0].data)).stored).toEqual(stored)
    expect(await numbers(client, id)).toEqual([3, 2, 1])
  })

  it('refuses what an add refuses, and leaves nothing behind', async () => {
    const [client] = clients
    const { id } = await add(client, await newPng())
    const { stored } = await expectSettled(servers[0].data)
    const before = await show(client, id)
    const image = (await newPng()).toString('base64')
    const path = `/media/replace/${id}`
    const answers = [
      await replace(client, id, Buffer.from(makeHtml())),
      await replace(client, id, (await newPng(90, 90)).subarray(0, 700)),
      await client.post(path, { image: '!!!' }),
      await client.post(path, {}),
      await client.post('/media/replace/9007199254740991', { image }),
      // The order of checks: parameters, then the item, then the image.
      await client.post('/media/replace/9007199254740991', { image: '!!!' }),
      await client.post('/media/replace/9007199254740991', {}),
      await client.post('/media/replace/x', { image }),
    ]
    expect(answers.map(({ status, body }) => `${status} ${body.data}`)).toEqual([
      '500 Error replacing media',
      '500 Error replacing media',
      '500 Error replacing media',
      '400 Required parameters missing',
      '404 Media not found',
      '404 Media not found',
      '400 Required parameters missing',
      '400 Required parameters missing',
    ])
    expect(answers.map(({ body }) => body.detail)).toEqual(
      answers.map(() => expect.stringMatching(/\.$/)),
    )
    expect(await show(client, id)).toEqual(before)
    expect((await expectSettled(servers[0].data)).stored).toEqual(stored)
    expect(await numbers(client, id)).toEqual([1])
  })
})

describe('the versions of an item', () => {
  it('are listed, the newest first, with what each shows', async () => {
    const [client, other] = clients
    const images = [await newPng(10, 20), await makeJpeg({ width: 33, height: 44 })] as const
    const { id, timestamp, urls } = await add(client, images[0])
    const only = await list(client, id)
    expect(only).toEqual([
      expect.objectContaining({ version: 1, width: 10, height: 20, timestamp, by: 'admin', urls }),
    ])
    await replace(client, id, images[1])
    const now = await show(client, id)
    const versions = await list(other, id)
    expect(versions).toEqual([
      {
        version: 2,
        type: 'image/jpeg',
        size: images[1].length,
        width: 33,
        height: 44,
        timestamp: now.changedAt,
        by: 'admin',
        urls: expect.objectContaining({ scaled: now.urls.scaled, high: now.urls.high }),
      },
      ...only,
    ])
    for (const { urls } of versions) expect((await guests[1].get(urls.high)).status).toBe(200)
  })

  it('can be restored, as a new version again, with the name of the file', async () => {
    const [client] = clients
    const images = [await newPng(), await makeGif({ width: 30, height: 20, seed: ++seed })]
    const { id, path } = await add(client, images[0] ?? Buffer.of())
    const named = await replaceByForm(client, id, images[1] ?? Buffer.of(), 'second.gif')
    const { stored } = await expectSettled(servers[0].data)

    const { status, body } = await restore(client, id, 1)
    expect({ status, data: body.data }).toEqual({
      status: 200,
      data: 'Media replaced successfully',
    })
    expect(body.media).toMatchObject({ id, path, type: 'image/png', fileName: null })
    expect(body.media.revision).toBe(named.body.media.revision + 1)
    expect(await numbers(client, id)).toEqual([3, 2, 1])
    expect((await guests[0].get(`/media/image/${id}`)).bytes).toEqual(
      (await guests[0].get(body.media.urls.scaled)).bytes,
    )
    expect((await restore(client, id, 2)).body.media.fileName).toBe('second.gif')
    expect((await original(client, id)).bytes).toEqual(images[1])
    expect((await expectSettled(servers[0].data)).stored).toEqual(stored)
  })

  it('are deleted one by one, with files that nothing else has', async () => {
    const [client, other] = clients
    const shared = await newPng()
    const twin = await add(client, shared)
    const { id } = await add(client, await newPng())
    await replace(client, id, shared)
    const { stored: before } = await expectSettled(servers[0].data)
    const gone = (await replace(client, id, await newPng())).body.media
    expect((await guests[1].get(gone.urls.high)).status).toBe(200)
    await replace(client, id, await newPng())

    const removal = await client.delete(`/media/item/${id}/versions/3`)
    expect(removal.body).toEqual({ data: 'Media deleted successfully', code: 200 })
    for (const guest of guests) expect((await guest.get(gone.urls.scaled)).status).toBe(404)
    expect((await original(other, id, 3)).status).toBe(404)
    expect(await numbers(other, id)).toEqual([4, 2, 1])
    // The bytes of version 2 are also those of another item.
    await client.delete(`/media/item/${id}/versions/2`)
    expect((await original(client, twin.id)).bytes).toEqual(shared)
    expect((await guests[0].get(twin.urls.scaled)).status).toBe(200)
    const { stored } = await expectSettled(servers[0].data)
    // The original and the scaled image of version 4.
    expect(Object.keys(stored).length).toBe(Object.keys(before).length + 2)
    // The number of a deleted version is not given again.
    await replace(client, id, await newPng())
    expect(await numbers(client, id)).toEqual([5, 4, 1])
  })

  it('answer clearly where there is none, and protect the present one', async () => {
    const [client] = clients
    const { id } = await add(client, await newPng())
    const tell = async (method: string, path: string) => {
      const { status, body } = await client.request(method, path)
      expect(body.detail).toMatch(/\.$/)
      return `${status} ${body.data}`
    }
    const versions = `/media/item/${id}/versions`
    const of = (id: string) => `/media/item/${id}/versions`
    const unknown = of('9007199254740991')
    expect(await tell('DELETE', `${versions}/1`)).toBe('409 Present version')
    expect(await tell('POST', `${versions}/1/restore`)).toBe('409 Present version')
    await replace(client, id, await newPng())
    expect(await tell('DELETE', `${versions}/2`)).toBe('409 Present version')
    expect(await tell('POST', `${versions}/2/restore`)).toBe('409 Present version')
    for (const version of ['3', '9007199254740991']) {
      expect(await tell('DELETE', `${versions}/${version}`)).toBe('404 Media not found')
      expect(await tell('POST', `${versions}/${version}/restore`)).toBe('404 Media not found')
      expect(await tell('GET', `/media/original/${id}?version=${version}`)).toBe(
        '404 Media not found',
      )
    }
    for (const path of [`${unknown}/1`, `${unknown}/1/restore`, unknown]) {
      const method = path.endsWith('1') ? 'DELETE' : path.endsWith('restore') ? 'POST' : 'GET'
      expect(await tell(method, path)).toBe('404 Media not found')
    }
    expect(await tell('DELETE', `${versions}/x`)).toBe('400 Required parameters missing')
    expect(await tell('POST', `${of('x')}/1/restore`)).toBe('400 Required parameters missing')
    expect(await tell('GET', of('x'))).toBe('404 Media not found')
    for (const query of ['version=x', 'version=0', 'version=1&version=2']) {
      expect(await tell('GET', `/media/original/${id}?${query}`)).toBe('400 Invalid parameters')
    }
    expect((await client.get(`/media/original/${id}?version=`)).status).toBe(200)
    expect(await numbers(client, id)).toEqual([2, 1])
  })

  it('are not read anew while nothing has changed', async () => {
    const [client] = clients
    const { id } = await add(client, await newPng())
    await replace(client, id, await newPng())
    const path = `/media/item/${id}/versions`
    const etag = (await client.get(path)).headers.get('etag') ?? ''
    const again = () => client.get(path, { headers: { 'if-none-match': etag } })
    expect((await again()).status).toBe(304)
    await client.delete(`${path}/1`)
    expect((await again()).status).toBe(200)
  })

  it('are public as long as an item that is not in the trash has their bytes', async () => {
    const [client] = clients
    const [first, second] = [await newPng(), await newPng()]
    const { id, urls } = await add(client, first)
    await replace(client, id, second)
    const twin = await add(client, second)
    const trash = async (id: number, trashed_at: number | null) => {
      const database = await openDatabase(await locateDatabase(servers[0].data))
      await database.write((trx) =>
        trx.updateTable('media').set({ trashed_at }).where('id', '=', id).execute(),
      )
      await database.close()
    }
    const statuses = async () => {
      const addresses = [urls.scaled, urls.high, twin.urls.scaled]
      const answers = addresses.map((address) => guests.map((guest) => guest.get(address)))
      return (await Promise.all(answers.flat())).map(({ status }) => status)
    }
    const shown = [200, 200]
    const hidden = [404, 404]
    expect(await statuses()).toEqual([...shown, ...shown, ...shown])
    await trash(id, 1)
    expect(await statuses()).toEqual([...hidden, ...hidden, ...shown])
    expect((await client.get(`/media/item/${id}/versions`)).status).toBe(404)
    expect((await replace(client, id, await newPng())).status).toBe(404)
    expect((await restore(client, id, 1)).status).toBe(404)
    expect((await client.delete(`/media/item/${id}/versions/1`)).status).toBe(404)
    await trash(twin.id, 1)
    expect(await statuses()).toEqual([...hidden, ...hidden, ...hidden])
    for (const one of [id, twin.id]) await trash(one, null)
    expect(await statuses()).toEqual([...shown, ...shown, ...shown])
  })

  it('go with their item', async () => {
    const [client] = clients
    const { stored } = await expectSettled(servers[0].data)
    const { id, urls } = await add(client, await newPng())
    for (let count = 0; count < 3; count++) await replace(client, id, await newPng())
    expect((await client.delete(`/media/delete/${id}`)).status).toBe(200)
    expect((await expectSettled(servers[0].data)).stored).toEqual(stored)
    for (const guest of guests) expect((await guest.get(urls.scaled)).status).toBe(404)
    expect((await client.get(`/media/item/${id}/versions`)).status).toBe(404)
  })

  it('are told by the audit trail', async () => {
    const [client] = clients
    const { id } = await add(client, await newPng())
    await replace(client, id, await newPng())
    await restore(client, id, 1)
    await client.delete(`/media/item/${id}/versions/2`)
    const { body } = await client.request<{ entries: object[] }>('GET', '/audit?limit=3')
    const entry = { actor: 'admin', subject: `media:${id}` }
    expect(body.entries).toMatchObject([
      { ...entry, action: 'version-deleted', detail: { name: 'An item', version: 2 } },
      { ...entry, action: 'version-restored', detail: { name: 'An item', version: 3, from: 1 } },
      { ...entry, action: 'media-replaced', detail: { name: 'An item', version: 2 } },
    ])
  })
})

describe('the number of earlier versions that are kept', () => {
  it('is a setting, and the oldest ones go with their files', async () => {
    await withVersions('2', async (client, { data, url }) => {
      const guest = new Client(url)
      const first = await newPng()
      const { id, urls } = await add(client, first)
      expect((await guest.get(urls.high)).status).toBe(200)
      await replace(client, id, await newPng())
      await replace(client, id, await newPng())
      expect(await numbers(client, id)).toEqual([3, 2, 1])
      expect((await guest.get(urls.scaled)).status).toBe(200)
      await replace(client, id, await newPng())
      expect(await numbers(client, id)).toEqual([4, 3, 2])
      for (const address of [urls.scaled, urls.high]) {
        expect((await guest.get(address)).status).toBe(404)
      }
      expect((await original(client, id, 1)).status).toBe(404)
      expect(Object.keys((await expectSettled(data)).stored).length).toBe(6)
      // A restored version is a new one too, and pushes out the oldest, whose bytes it has here.
      await restore(client, id, 2)
      expect(await numbers(client, id)).toEqual([5, 4, 3])
      expect(Object.keys((await expectSettled(data)).stored).length).toBe(6)
    })
  })

  it('may be none: then the replaced file is gone', async () => {
    await withVersions('0', async (client, { data, url }) => {
      const guest = new Client(url)
      const { id, urls } = await add(client, await newPng())
      const image = await newPng()
      const { body } = await replace(client, id, image)
      expect(await numbers(client, id)).toEqual([2])
      expect((await guest.get(urls.scaled)).status).toBe(404)
      expect((await guest.get(body.media.urls.scaled)).status).toBe(200)
      expect((await original(client, id, 1)).status).toBe(404)
      expect(Object.keys((await expectSettled(data)).stored).length).toBe(2)
      // The same bytes again: they stay, although the version that had them goes.
      expect((await replace(client, id, image)).status).toBe(200)
      expect(await numbers(client, id)).toEqual([3])
      expect((await original(client, id)).bytes).toEqual(image)
      expect(await runCli(data, ['doctor'])).toMatchObject({ code: 0 })
    })
  })
})

describe('at the same time', () => {
  it('replacements of one item all happen, one after the other', async () => {
    const [client] = clients
    const { id } = await add(client, await newPng())
    const images = await Promise.all(Array.from({ length: 6 }, () => newPng()))
    const answers = await Promise.all(
      images.map((image, index) => replace(index % 2 ? clients[0] : clients[1], id, image)),
    )
    expect(answers.map(({ status }) => status)).toEqual(images.map(() => 200))
    const revisions = answers.map(({ body }) => body.media.revision)
    expect(revisions.sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7])
    expect(await numbers(client, id)).toEqual([7, 6, 5, 4, 3, 2, 1])
    const present = answers.find(({ body }) => body.media.revision === 7)?.body.media
    expect(await show(client, id)).toMatchObject(present ?? {})
    await expectSettled(servers[0].data)
  })

  it('a replacement and a delete leave the whole item or nothing', async () => {
    const [client, other] = clients
    const { stored } = await expectSettled(servers[0].data)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { id } = await add(client, await newPng())
        const image = await newPng()
        const [replaced, deleted] = await Promise.all([
          replace(client, id, image),
          other.delete(`/media/delete/${id}`),
        ])
        expect(deleted.status).toBe(200)
        expect((await client.get(`/media/item/${id}`)).status).toBe(404)
        return replaced.status
      }),
    )
    for (const status of outcomes) expect([200, 404]).toContain(status)
    expect((await expectSettled(servers[0].data)).stored).toEqual(stored)
  })

  it('an edit of the earlier revision is refused', async () => {
    const [client, other] = clients
    const { id } = await add(client, await newPng())
    const etag = (await client.get(`/media/item/${id}`)).headers.get('etag') ?? ''
    const edit = (client: Client) =>
      client.request('PATCH', `/media/item/${id}`, {
        json: { alt: 'Of the first image' },
        headers: { 'if-match': etag },
      })
    await replace(client, id, await newPng())
    expect(await edit(other)).toMatchObject({
      status: 412,
      body: { data: 'Media changed meanwhile' },
    })
    expect((await show(client, id)).alt).toBeNull()
  })

  it('an image is never missing by id while its item is replaced', async () => {
    await withVersions('0', async (client, { url }) => {
      const guest = new Client(url)
      const { id } = await add(client, await newPng())
      const statuses = new Set<number>()
      let replacing = true
      const look = async (path: string, viewer: Client) => {
        while (replacing) statuses.add((await viewer.get(path)).status)
      }
      const looking = [
        look(`/media/image/${id}`, guest),
        look(`/media/image/${id}/high`, guest),
        look(`/media/original/${id}`, client),
      ]
      for (let count = 0; count < 12; count++) {
        expect((await replace(client, id, await newPng(300, 200))).status).toBe(200)
      }
      replacing = false
      await Promise.all(looking)
      expect([...statuses]).toEqual([200])
    })
  })
})
