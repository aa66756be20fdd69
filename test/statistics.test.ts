import { Value } from 'typebox/value'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Statistics } from '../src/media/statistics/statistics-route.ts'
import { fillLibrary } from './fill-library.ts'
import { makeGif, makeJpeg, makePng } from './fixtures.ts'
import { type Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'

/** More than are counted at once. */
const FILLED = 4100

let server: Server
let admin: Client
let editor: Client
beforeAll(async () => {
  const data = makeDataFolder()
  await fillLibrary(
    data,
    Array.from({ length: FILLED }, (_, index) => ({ name: `Filled ${index}` })),
  )
  server = await startServer({}, data)
  admin = await signIn(server)
  const password = 'adds a lot of images'
  await runCli(data, ['user', 'add', 'eve', '--role', 'editor', '--password-stdin'], {
    input: password,
  })
  editor = await signIn(server, 'eve', password)
})
afterAll(() => server.stop())

const read = async () => (await admin.request<Statistics>('GET', '/media/statistics')).body
const add = async (client: Client, image: Uint8Array) =>
  (await client.add('Added', [], image)).body.media
const sizesOf = (...images: Uint8Array[]) => images.reduce((sum, { length }) => sum + length, 0)

it('counts items, people, months, and what is stored and could go', async () => {
  const before = await read()
  expect(Value.Errors(Statistics, before)).toEqual([])
  expect(before.items.count).toBe(FILLED)

  // Counted anew, because another server does not know the earlier answer.
  const [shared, replaced, present, trashed] = await Promise.all([
    makePng({ seed: 1 }),
    makePng({ seed: 2 }),
    makeGif(),
    makeJpeg({ seed: 3 }),
  ])
  await add(admin, shared)
  const { id } = await add(editor, shared)
  const changing = await add(editor, replaced)
  await admin.post(`/media/replace/${changing.id}`, {
    image: Buffer.from(present).toString('base64'),
  })
  const gone = await add(editor, trashed)
  await admin.post(`/media/trash/${gone.id}`, {})
  const sized = await fetch(`${server.url}/media/image/${id}/w_80.webp`)
  const { length } = await sized.bytes()

  const other = await startServer({}, server.data)
  const client = await signIn(other)
  const { body: after } = await client.request<Statistics>('GET', '/media/statistics')
  expect(Value.Errors(Statistics, after)).toEqual([])
  expect(after.items).toEqual({
    count: FILLED + 3,
    bytes: before.items.bytes + sizesOf(shared, shared, present),
  })
  const countsOf = (type: string) => after.types.find((each) => each.type === type)
  expect(countsOf('png')).toEqual({ type: 'png', count: 2, bytes: sizesOf(shared, shared) })
  expect(countsOf('gif')).toEqual({ type: 'gif', count: 1, bytes: sizesOf(present) })
  expect(after.types[0]).toMatchObject({ type: 'jpeg', count: FILLED })
  expect(after.addedBy.find(({ username }) => username === 'eve')).toEqual({
    username: 'eve',
    count: 2,
    bytes: sizesOf(shared, present),
  })
  const month = new Date().toISOString().slice(0, 7)
  expect(after.months.at(-1)).toMatchObject({ month })
  expect(after.months.reduce((sum, { count }) => sum + count, 0)).toBe(FILLED + 3)
  const { originals } = after.storage
  expect(originals.bytes - before.storage.originals.bytes).toBe(
    sizesOf(shared, replaced, present, trashed),
  )
  expect(after.storage.sizes).toEqual({ count: 1, bytes: length })
  expect(after.clearable).toEqual({
    trash: { count: 1, bytes: sizesOf(trashed) },
    versions: { count: 1, bytes: sizesOf(replaced) },
    duplicates: before.clearable.duplicates + 1,
  })
  expect(await other.stop()).toBe(0)
})

it('gives an answer that is less than a minute old once more', async () => {
  const { at } = await read()
  await add(admin, await makePng({ seed: 9 }))
  expect(await read()).toMatchObject({ at, items: { count: FILLED } })
})
