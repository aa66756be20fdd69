import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TagList } from '../src/media/list/tags-route.ts'
import { takeStock } from './consistency.ts'
import { fillLibrary } from './fill-library.ts'
import { type Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'

let server: Server
let client: Client
beforeAll(async () => {
  const data = makeDataFolder()
  await fillLibrary(data, [
    { name: 'One', tags: ['Sea', 'a'] },
    { name: 'Two', tags: ['a', 'sea', 'ocean'] },
    { name: 'Three', tags: ['b'] },
    ...Array.from({ length: 300 }, (_, index) => ({
      name: `More ${index}`,
      tags: ['bulk', 'sea'],
    })),
  ])
  server = await startServer({}, data)
  client = await signIn(server)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  await server.stop()
})

async function change(path: 'rename' | 'remove', json: object) {
  const { status, headers, bytes } = await client.post(`/media/tags/${path}`, json)
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('application/x-ndjson')
  const lines = bytes.toString().trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

const tagsOf = async (id: number) =>
  (await client.request<{ media: { tags: string[] } }>('GET', `/media/item/${id}`)).body.media.tags
const readTags = async () =>
  (await client.request<TagList>('GET', '/media/tags?limit=100')).body.tags
const readEntries = async () =>
  (await client.request<{ entries: { action: string; detail: object }[] }>('GET', '/audit')).body
    .entries

describe('a change of a tag', () => {
  it('renames it everywhere, streams its progress, and is one entry of the trail', async () => {
    const etag = (await client.get('/media/item/2')).headers.get('etag') ?? ''
    const lines = await change('rename', { from: 'SEA', to: 'Ocean' })
    expect(lines[0]).toEqual({ done: 0, failures: 0, total: 302 })
    expect(lines.length).toBeGreaterThan(3)
    expect(lines.at(-1)).toEqual({
      data: 'Media updated successfully',
      code: 200,
      done: 302,
      failures: 0,
      failed: [],
    })
    expect(await tagsOf(1)).toEqual(['Ocean', 'a'])
    expect(await tagsOf(2)).toEqual(['a', 'Ocean'])
    expect(await tagsOf(300)).toEqual(['bulk', 'Ocean'])
    expect(await readTags()).toEqual([
      { tag: 'Ocean', count: 302 },
      { tag: 'bulk', count: 300 },
      { tag: 'a', count: 2 },
      { tag: 'b', count: 1 },
    ])
    expect((await client.list('?search=ocean&limit=1')).headers.get('x-total-count')).toBe('302')
    expect((await client.list('?search=sea&limit=1')).headers.get('x-total-count')).toBe('0')
    const [entry, other] = await readEntries()
    expect(entry).toMatchObject({
      action: 'tag-renamed',
      detail: { from: 'SEA', to: 'Ocean', items: 302 },
    })
    expect(other?.action).not.toBe('tag-renamed')

    // The item has the revision that it had.
    const patch = { json: { rating: 1 }, headers: { 'if-match': etag } }
    expect((await client.request('PATCH', '/media/item/2', patch)).status).toBe(200)
    await takeStock(server.data)
  })

  it('may be one of case alone', async () => {
    expect((await change('rename', { from: 'ocean', to: 'OCEAN' })).at(-1)).toMatchObject({
      code: 200,
      done: 302,
    })
    expect((await readTags())[0]).toEqual({ tag: 'OCEAN', count: 302 })
    await takeStock(server.data)
  })

  it('removes it everywhere', async () => {
    expect((await change('remove', { tag: 'BULK' })).at(-1)).toMatchObject({ code: 200, done: 300 })
    expect(await tagsOf(300)).toEqual(['OCEAN'])
    expect((await change('remove', { tag: 'BULK' })).at(-1)).toMatchObject({ code: 200, done: 0 })
    const entries = await readEntries()
    expect(entries.filter(({ action }) => action === 'tag-removed')).toMatchObject([
      { detail: { tag: 'BULK', items: 300 } },
    ])
    await takeStock(server.data)
  })

  it('is a command too', async () => {
    const run = (...args: string[]) => runCli(server.data, ['tag', ...args])
    expect((await run('rename', 'ocean', 'Lake')).stdout).toBe(
      'Renamed the tag of 302 of 302 items.\n',
    )
    expect((await run('list', '--limit', '1')).stdout).toBe('ITEMS  TAG\n302    Lake\n')
    expect((await run('list', '--search', 'B')).stdout).toBe('ITEMS  TAG\n1      b\n')
    expect(await run('remove', 'b')).toMatchObject({
      code: 0,
      stdout: 'Removed the tag from 1 of 1 item.\n',
    })
    expect(await run('rename', 'a', 'x,y')).toMatchObject({
      code: 1,
      stderr: 'to is "x,y"; it must be one tag, without a comma.\n',
    })
    expect((await run('list', '--limit', '0')).code).toBe(1)
    expect(await readTags()).toEqual([
      { tag: 'Lake', count: 302 },
      { tag: 'a', count: 2 },
    ])
    const [entry] = await readEntries()
    expect(entry).toMatchObject({ action: 'tag-removed', actor: 'command line' })
    await takeStock(server.data)
  })
})
