import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { makeJpeg, makePng } from './fixtures.ts'
import { type Client, makeDataFolder, type Server, signIn, startServer } from './harness.ts'
import { arrived, moveIn } from './move-in-steps.ts'
import { hasStrapi, type Strapi, startStrapi } from './strapi.ts'

const MANY = 150

interface File {
  id: number
  url: string
  formats: Record<string, { url: string; width: number }>
}

if (!hasStrapi())
  console.log('Strapi is not here, which `npm test` installs, so its tests are SKIPPED.')

describe.skipIf(!hasStrapi())('moving in from Strapi', () => {
  let strapi: Strapi
  let server: Server
  let client: Client
  /** An admin token that may read the media library. */
  let token: string
  let tower: File
  let paper: File
  let lost: File

  beforeAll(async () => {
    const folder = join(makeDataFolder(), 'strapi')
    mkdirSync(folder)
    ;[strapi, server] = await Promise.all([startStrapi(folder), startServer()])
    client = await signIn(server)
    token = await adminToken('moves', ['plugin::upload.read'])
    // The inner one is made first, so that its number is the smaller one.
    const japan = await folderIn('Japan')
    const asia = await folderIn('Asia')
    await strapi.ask('PUT', `upload/folders/${japan}`, { name: 'Japan', parent: asia })
    await folderIn('Empty', japan)
    tower = await upload('DSC_1.jpg', await makeJpeg({ width: 1200, height: 800 }), {
      name: 'Tower at night',
      alternativeText: 'A red tower',
      caption: 'Seen from the river.',
      folder: japan,
      focalPoint: { x: 25, y: 80 },
    })
    await upload('Plain.png', await makePng({ seed: 2 }))
    paper = await upload('Paper.pdf', Buffer.from('%PDF-1.4'))
    lost = await upload('Lost.png', await makePng({ seed: 3 }), { folder: asia })
    rmSync(join(strapi.uploads, '..', lost.url))
    await addMany()
  }, 180_000)
  afterAll(() => Promise.all([strapi?.stop(), server?.stop()]))

  const folderIn = async (name: string, parent: number | null = null) =>
    (await strapi.ask<{ id: number }>('POST', 'upload/folders', { name, parent })).id

  async function upload(name: string, bytes: Buffer, info: object = {}): Promise<File> {
    const form = new FormData()
    form.append('files', new Blob([new Uint8Array(bytes)], { type: typeOf(name) }), name)
    form.append('fileInfo', JSON.stringify(info))
    const [file] = await strapi.ask<File[]>('POST', 'upload', form)
    if (!file) throw new Error('Strapi took no file.')
    return file
  }
  const typeOf = (name: string) =>
    name.endsWith('.pdf') ? 'application/pdf' : name.endsWith('.png') ? 'image/png' : 'image/jpeg'

  async function adminToken(name: string, actions: readonly string[]): Promise<string> {
    const adminPermissions = actions.map((action) => ({
      action,
      subject: null,
      conditions: [],
      properties: {},
    }))
    const wanted = { name, description: '', kind: 'admin', lifespan: null, adminPermissions }
    return (await strapi.ask<{ accessKey: string }>('POST', 'admin/admin-tokens', wanted)).accessKey
  }

  /** Rows and files as an upload makes them. */
  async function addMany() {
    for (let at = 0; at < MANY; at += 1) {
      const hash = `many_${at}`
      writeFileSync(
        join(strapi.uploads, `${hash}.png`),
        await makePng({ width: 4, height: 4, seed: 1000 + at }),
      )
      await strapi.database.query(
        `INSERT INTO files (document_id, name, hash, ext, mime, size, url, provider, folder_path, created_at, updated_at, published_at)
         VALUES ($1, $2, $1, '.png', 'image/png', 0.1, $3, 'local', '/', now(), now(), now())`,
        [hash, `Many ${at}.png`, `/uploads/${hash}.png`],
      )
    }
  }
  const source = (token?: string) => ['strapi', strapi.url, token] as const

  it('says what is wrong with a token', async () => {
    const told = async (token?: string) => {
      const { code, stderr } = await moveIn(server.data, source(token))
      expect(code).toBe(1)
      return stderr
    }
    expect(await told('wrong')).toContain(
      `Strapi at ${strapi.url}/ cannot be read: it does not know the token, or the token is over. Make one in Strapi: Settings`,
    )
    expect(await told(await adminToken('none', []))).toContain(
      'the token may not read the media library. Give it the permission "Access the Media Library"',
    )
    const content = { name: 'content', description: '', lifespan: null, type: 'full-access' }
    const { accessKey } = await strapi.ask<{ accessKey: string }>(
      'POST',
      'admin/api-tokens',
      content,
    )
    expect(await told(accessKey)).toContain(
      'the token is one of the content API, which tells of no folders; an admin token is needed.',
    )
    expect(await told()).toContain('Strapi needs a token: an admin token')
    expect((await arrived(client)).items).toEqual([])
  })

  it('brings every image with what people wrote of it, and says why others stay', async () => {
    const { code, counts, lines, map } = await moveIn(server.data, source(token))
    expect(counts).toBe(`${MANY + 2} added, 0 already there, 2 refused, 0 failed`)
    expect(code).toBe(1)
    expect(lines).toEqual([
      expect.stringMatching(`^refused  Lost \\(${lost.id}\\): .*status 404`),
      `refused  Paper (${paper.id}): The file is no image, but of the type application/pdf.`,
    ])

    const { items, collections } = await arrived(client)
    expect(collections).toEqual(['/Asia', '/Asia/Japan', '/Asia/Japan/Empty'])
    expect(items.map(({ name }) => name)).toEqual([
      'Tower at night',
      'Plain',
      ...Array.from({ length: MANY }, (_, at) => `Many ${at}`),
    ])
    const [first, second] = items
    expect(first).toMatchObject({
      alt: 'A red tower',
      description: 'Seen from the river.',
      tags: [],
      focus: { x: 0.25, y: 0.8 },
      collections: ['/Asia/Japan'],
    })
    expect(second).toMatchObject({ alt: null, description: null, focus: null, collections: [] })
    const { bytes } = await client.get(`/media/original/${first?.id}`)
    // Strapi itself encodes a JPEG again when it is uploaded.
    expect(bytes.equals(readFileSync(join(strapi.uploads, '..', tower.url)))).toBe(true)

    // Pages link to the sizes that Strapi made, so each leads to one of about that width.
    const entry = map.find(({ item }) => item === String(tower.id))
    const files = [tower, ...Object.values(tower.formats)].map(({ url }) => strapi.url + url)
    expect(files).toHaveLength(5)
    expect(Object.keys(entry?.urls ?? {}).sort()).toEqual(files.sort())
    const small = entry?.urls?.[`${strapi.url}${tower.formats.small?.url}`]
    expect(small).toMatch(/\/w_\d+\.auto$/)
    await expectConsistent(server.data)
  })

  it('adds in a second run what is new alone', async () => {
    const { items } = await arrived(client)
    const edited = { fileInfo: { name: 'Edited there' } }
    const form = new FormData()
    form.append('fileInfo', JSON.stringify(edited.fileInfo))
    await strapi.ask('POST', `upload?id=${tower.id}`, form)
    await upload('Later.png', await makePng({ seed: 4 }))
    // A session reads the same as an admin token: there are versions without these.
    const { counts } = await moveIn(server.data, source(strapi.session))
    expect(counts).toBe(`1 added, ${MANY + 2} already there, 2 refused, 0 failed`)
    const now = await arrived(client)
    expect(now.items.slice(0, -1)).toEqual(items)
    expect(now.items.at(-1)?.name).toBe('Later')
  })

  it('gets files of another host without the token', async () => {
    const headers: (string | undefined)[] = []
    const image = await makePng({ seed: 5 })
    const host = createServer((request, response) => {
      headers.push(request.headers.authorization)
      response.setHeader('content-type', 'image/png')
      response.end(image)
    }).listen(0, '127.0.0.1')
    await once(host, 'listening')
    onTestFinished(() => void host.close())
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/far.png?signature=secret`
    const far = await upload('Far.png', await makePng({ seed: 6 }))
    await strapi.database.query('UPDATE files SET url = $1 WHERE id = $2', [url, far.id])
    const settings = { VITRINE_FETCH_ALLOW: '127.0.0.1' }
    const { counts } = await moveIn(server.data, source(token), settings)
    expect(counts).toContain('1 added')
    expect(headers).toEqual([undefined])
    const [item] = (await arrived(client)).items.slice(-1)
    expect((await client.get(`/media/original/${item?.id}`)).bytes.equals(image)).toBe(true)
  })
})
