import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { type Directus, hasDirectus, startDirectus } from './directus.ts'
import { makeJpeg, makePng } from './fixtures.ts'
import { type Client, makeDataFolder, type Server, signIn, startServer } from './harness.ts'
import { arrived, moveIn } from './move-in-steps.ts'

const MANY = 300

if (!hasDirectus())
  console.log('Directus is not here, which `npm test` installs, so its tests are SKIPPED.')

describe.skipIf(!hasDirectus())('moving in from Directus', () => {
  let directus: Directus
  let server: Server
  let client: Client
  const ids: Record<string, string> = {}
  const tower = makeJpeg({ width: 200, height: 100, seed: 1 })

  beforeAll(async () => {
    const folder = join(makeDataFolder(), 'directus')
    mkdirSync(folder)
    ;[directus, server] = await Promise.all([startDirectus(folder), startServer()])
    client = await signIn(server)
    await directus.ask('POST', 'fields/directus_files', { field: 'alt', type: 'string' })
    const asia = await folderIn('Asia')
    const japan = await folderIn('Japan', asia)
    await folderIn('Empty', japan)
    ids.tower = await upload('DSC_1.jpg', await tower, {
      title: 'Tower at night',
      description: 'Seen from the river.\nIn winter.',
      tags: ['tower', 'night, winter'],
      location: 'Tokyo',
      folder: japan,
      alt: 'A red tower',
      focal_point_x: 50,
      focal_point_y: 80,
    })
    ids.untitled = await upload('No title.png', await makePng({ seed: 2 }), { title: null })
    ids.paper = await upload('Paper.pdf', Buffer.from('%PDF-1.4'), {}, 'application/pdf')
    ids.lost = await upload('Lost.png', await makePng({ seed: 3 }), { folder: asia })
    rmSync(join(directus.uploads, `${ids.lost}.png`))
    await addMany()
  }, 180_000)
  afterAll(() => Promise.all([directus?.stop(), server?.stop()]))

  const folderIn = async (name: string, parent: string | null = null) =>
    String((await directus.ask('POST', 'folders', { name, parent })).id)

  async function upload(name: string, bytes: Buffer, members: object, type?: string) {
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(bytes)], { type: type ?? typeOf(name) }), name)
    const id = String((await directus.ask('POST', 'files', form)).id)
    await directus.ask('PATCH', `files/${id}`, members)
    return id
  }
  const typeOf = (name: string) => (name.endsWith('.png') ? 'image/png' : 'image/jpeg')

  /** Rows and files as an upload makes them, of long ago, each before the one made earlier. */
  async function addMany() {
    for (let at = 0; at < MANY; at += 1) {
      const id = randomUUID()
      writeFileSync(
        join(directus.uploads, `${id}.png`),
        await makePng({ width: 4, height: 4, seed: 1000 + at }),
      )
      await directus.database.query(
        `INSERT INTO directus_files (id, storage, filename_disk, filename_download, title, type, uploaded_on)
         VALUES ($1, 'local', $2, $2, $3, 'image/png', $4)`,
        [id, `${id}.png`, `Many ${at}`, new Date(Date.UTC(2020, 0, 1, 0, 0, MANY - at))],
      )
    }
  }
  const source = (token?: string) => ['directus', directus.url, token] as const

  it('says what is wrong with a token', async () => {
    const wrong = await moveIn(server.data, source('wrong'))
    expect(wrong).toMatchObject({ code: 1 })
    expect(wrong.stderr).toContain(
      `Directus at ${directus.url}/ cannot be read: it does not know the token. Make one in Directus`,
    )
    await directus.ask('POST', 'users', { email: 'ben@example.com', token: 'of-ben' })
    expect((await moveIn(server.data, source('of-ben'))).stderr).toContain(
      'may not read directus_files. Give a policy of that user the right to read all fields of the system collections directus_files and directus_folders',
    )
    expect((await moveIn(server.data, source())).stderr).toContain('Directus needs a token')
    // This version fails to give folders to anybody but administrators.
    const { id: policy } = await directus.ask('POST', 'policies', { name: 'Files' })
    for (const collection of ['directus_files', 'directus_folders']) {
      const right = { policy, collection, action: 'read', fields: ['*'], permissions: {} }
      await directus.ask('POST', 'permissions', right)
    }
    await directus.ask('POST', 'users', {
      email: 'cleo@example.com',
      token: 'of-cleo',
      policies: { create: [{ policy: { id: policy } }], update: [], delete: [] },
    })
    expect((await moveIn(server.data, source('of-cleo'))).stderr).toContain(
      'it failed to give its folders. Some versions, such as 12.4.0, give them to administrators alone',
    )
    expect((await arrived(client)).items).toEqual([])
  })

  it('brings every image with what people wrote of it, and says why others stay', async () => {
    const { code, counts, lines, map } = await moveIn(server.data, source(directus.token))
    expect(counts).toBe(`${MANY + 2} added, 0 already there, 2 refused, 0 failed`)
    expect(code).toBe(1)
    expect(lines).toEqual([
      expect.stringMatching(
        `^refused  Lost \\(${ids.lost}\\): .*status 403. Directus says so of a file that its storage has lost.$`,
      ),
      `refused  Paper (${ids.paper}): The file is no image, but of the type application/pdf.`,
    ])

    const { items, collections } = await arrived(client)
    expect(collections).toEqual(['/Asia', '/Asia/Japan', '/Asia/Japan/Empty'])
    expect(items).toHaveLength(MANY + 2)
    // The oldest first, as they came to Directus.
    expect(items.slice(0, MANY).map(({ name }) => name)).toEqual(
      Array.from({ length: MANY }, (_, at) => `Many ${MANY - 1 - at}`),
    )
    const [first, second] = items.slice(MANY)
    expect(first).toMatchObject({
      name: 'Tower at night',
      alt: 'A red tower',
      description: 'Seen from the river.\nIn winter.',
      tags: ['tower', 'night', 'winter', 'Tokyo'],
      focus: { x: 0.25, y: 0.8 },
      collections: ['/Asia/Japan'],
    })
    expect(second).toMatchObject({
      name: 'No title',
      alt: null,
      description: null,
      tags: [],
      focus: null,
      collections: [],
    })
    const { bytes } = await client.get(`/media/original/${first?.id}`)
    expect(bytes.equals(await tower)).toBe(true)

    const address = `${directus.url}/assets/${ids.tower}`
    expect(map.find(({ item }) => item === ids.tower)).toMatchObject({
      id: first?.id,
      outcome: 'added',
      urls: { [address]: expect.any(String), [`${address}/DSC_1.jpg`]: expect.any(String) },
    })
    await expectConsistent(server.data)
  })

  it('adds in a second run what is new alone, and what was missing', async () => {
    const { items } = await arrived(client)
    writeFileSync(join(directus.uploads, `${ids.lost}.png`), await makePng({ seed: 3 }))
    await directus.ask('PATCH', `files/${ids.tower}`, { title: 'Edited there' })
    await upload('Later.png', await makePng({ seed: 4 }), {})
    const { code, counts } = await moveIn(server.data, source(directus.token))
    expect(counts).toBe(`2 added, ${MANY + 2} already there, 1 refused, 0 failed`)
    expect(code).toBe(1)
    const now = await arrived(client)
    expect(now.items.slice(0, MANY + 2)).toEqual(items)
    expect(now.items.slice(MANY + 2).map(({ name, collections }) => [name, collections])).toEqual([
      ['Lost', ['/Asia']],
      ['Later', []],
    ])
  })
})
