import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectConsistent } from '../consistency.ts'
import { makePhonePhoto, makePng } from '../fixtures.ts'
import {
  type Client,
  makeDataFolder,
  runCli,
  type Server,
  signIn,
  startServer,
} from '../harness.ts'
import { type MadeSpecimen, makeSpecimens } from '../hostile/specimens.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(async () => {
  await expectConsistent(server.data)
  expect(await server.stop()).toBe(0)
})

const asForm = (fields: Record<string, string>, image: Uint8Array) => {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('image', new Blob([new Uint8Array(image)]), 'image')
  return { body: form }
}

describe('the same bytes', () => {
  it('get the same verdict and text through every entrance', async () => {
    const specimens = await makeSpecimens()
    const folder = makeDataFolder()
    const verdicts: Record<string, (string | undefined)[]> = {}
    const post = async ({ name, bytes }: MadeSpecimen, options: object) => {
      const { status, body } = await client.request('POST', '/media/add', options)
      // Delete the item, so that the next upload of the bytes is checked again.
      if (status === 200) await client.delete(`/media/delete/${body.media.id}`)
      verdicts[name] = [...(verdicts[name] ?? []), status === 200 ? 'accepted' : body.detail]
      return bytes
    }
    mkdirSync(folder, { recursive: true })
    for (const [index, specimen] of specimens.entries()) {
      const { name, bytes } = specimen
      const image = bytes.toString('base64')
      await post(specimen, { json: { name, tags: [], image } })
      await post(specimen, asForm({ name, tags: '[]' }, bytes))
      writeFileSync(join(folder, `${index}.png`), bytes)
    }
    const { stdout, stderr } = await runCli(makeDataFolder(), ['import', folder])
    const lines = (stdout + stderr).split('\n')
    for (const [index, { name }] of specimens.entries()) {
      const line = lines.find((text) => text.includes(join(folder, `${index}.png`)))
      verdicts[name]?.push(line?.replace(/^.*?\d\.png: /, '') ?? 'accepted')
    }
    for (const [name, [first, ...others]] of Object.entries(verdicts)) {
      expect([name, ...others]).toEqual([name, first, first])
    }
  })
})

describe('the server-side fields of an item', () => {
  /** All members of an item that a client may not set, and columns of its rows. */
  const claims = {
    id: '999',
    path: '../../evil.png',
    key: 'originals/ab/cdef.png',
    file_id: '1',
    fileId: '1',
    timestamp: '1999-01-01T00:00:00.000Z',
    added_at: '0',
    type: 'text/html',
    size: '1',
    width: '9',
    height: '9',
    frames: '9',
    sha256: 'a'.repeat(64),
    thumbhash: 'AAAA',
    color: '#000000',
    urls: '{"scaled":"https://evil.example","high":"https://evil.example"}',
    scaled_digest: 'a',
    onlyNew: 'true',
    user: '2',
  }
  const parsed = { ...claims, id: 999, size: 1, urls: JSON.parse(claims.urls) }

  it('cannot be set by a client that adds an item', async () => {
    const bytes = await makePhonePhoto()
    const { media: honest } = (await client.add('An item', ['tag'], bytes)).body
    const image = bytes.toString('base64')
    const fields = { name: 'An item', tags: ['tag'], image }
    const answers = [
      await client.post('/media/add', { ...parsed, ...fields }),
      await client.post('/media/add?id=999&path=evil&key=evil', fields),
      await client.request(
        'POST',
        '/media/add',
        asForm({ ...claims, name: 'An item', tags: 'tag' }, bytes),
      ),
    ]
    for (const [index, { status, body }] of answers.entries()) {
      expect(status).toBe(200)
      const { id, timestamp, changedAt, ...rest } = body.media
      expect(changedAt).toBe(timestamp)
      expect({ ...rest, id, timestamp, changedAt }).toEqual({
        ...honest,
        id: honest.id + index + 1,
        timestamp: expect.stringMatching(/^20/),
        changedAt,
        fileName: rest.fileName,
      })
      expect(timestamp >= honest.timestamp).toBe(true)
    }
  })

  it('cannot be set by a client that changes an item', async () => {
    const { media } = (await client.add('An item', ['tag'], await makePng())).body
    const { body } = await client.post(`/media/edit/${media.id}?id=1`, {
      ...parsed,
      name: 'Other',
      tags: ['other'],
    })
    expect(body.media).toMatchObject({ id: media.id, name: 'Other', tags: ['other'] })
    const more = { ids: [media.id], add: ['more'] }
    expect((await client.post('/media/bulk/tags', { ...parsed, ...more })).status).toBe(400)
    await client.post('/media/bulk/tags', more)
    const { body: item } = await client.request<{ media: object }>('GET', `/media/item/${media.id}`)
    const changes = { name: 'Other', tags: ['other', 'more'], revision: 3 }
    const { changedAt: _, ...others } = media
    expect(item.media).toMatchObject({ ...others, ...changes })
  })
})
