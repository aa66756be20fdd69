import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import { openS3Storage } from '../src/storage/s3/s3.ts'
import { type FaultyProxy, startFaultyProxy } from '../src/storage/s3/s3-faults.fixture.ts'
import { parseS3Url } from '../src/storage/s3/s3-url.ts'
import { makePng } from './fixtures.ts'
import {
  Client,
  makeDataFolder,
  runCli,
  type Server,
  type Settings,
  signIn,
  startServer,
} from './harness.ts'
import { canMount, mountSmallDisk } from './mounts.ts'
import { hasS3Server, makeBucket, S3_CREDENTIALS, type S3Server, useS3Server } from './s3-server.ts'

describe.skipIf(!hasS3Server())('a library in a bucket', () => {
  let s3: S3Server
  let proxy: FaultyProxy
  let address: string
  let seed = 0
  const nextImage = () => makePng({ seed: ++seed })
  const started: Server[] = []

  beforeAll(async () => {
    Object.assign(process.env, S3_CREDENTIALS)
    s3 = await useS3Server()
    proxy = await startFaultyProxy(s3.endpoint)
    address = await makeBucket(s3)
  }, 120_000)
  afterAll(async () => {
    await proxy.close()
    await s3.stop()
  })
  afterEach(async () => {
    proxy.mend()
    for (const server of started.splice(0)) await server.kill()
  })

  const settingsOf = (more: string): Settings => ({
    ...S3_CREDENTIALS,
    VITRINE_STORAGE_URL: `${address.replace('?', `/${randomBytes(4).toString('hex')}?`)}${more}`,
  })

  async function start(settings: Settings, data?: string): Promise<[Server, Client]> {
    const server = await startServer(settings, data)
    started.push(server)
    return [server, await signIn(server)]
  }

  const bucketOf = ({ VITRINE_STORAGE_URL = '' }: Settings) =>
    openS3Storage({ ...parseS3Url(VITRINE_STORAGE_URL), endpoint: s3.endpoint })

  const listKeys = async (settings: Settings) =>
    (await Array.fromAsync((await bucketOf(settings)).list())).map(({ key }) => key)

  it('adds, shows, checks and deletes items, also after a restart', async () => {
    const settings = settingsOf('')
    const [server, client] = await start(settings)
    const image = await nextImage()
    const { media } = (await client.add('Tower', ['city'], image)).body
    expect(await listKeys(settings)).toHaveLength(2)

    const scaled = await client.get(media.urls.scaled)
    expect(scaled.headers.get('content-type')).toBe('image/webp')
    const high = await client.get(media.urls.high)
    expect(high.status).toBe(200)
    const original = `/media/original/${media.id}`
    expect((await client.get(original)).bytes.equals(image)).toBe(true)
    const part = await client.get(original, { headers: { range: 'bytes=10-19' } })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 10-19/${image.length}`)
    expect(part.bytes.equals(image.subarray(10, 20))).toBe(true)
    const etag = scaled.headers.get('etag') ?? ''
    const unchanged = await client.get(media.urls.scaled, { headers: { 'if-none-match': etag } })
    expect(unchanged.status).toBe(304)

    const doctor = await runCli(server.data, ['doctor'], { settings })
    expect(doctor.stdout).toContain('1 items, 1 files, 3 objects checked: nothing found')
    expect(doctor.code).toBe(0)

    await server.stop()
    const [again, client2] = await start(settings, server.data)
    expect((await client2.get(original)).bytes.equals(image)).toBe(true)
    expect((await client2.delete(`/media/delete/${media.id}`)).status).toBe(200)
    expect(await listKeys(settings)).toEqual([])
    expect((await client2.get(media.urls.scaled)).status).toBe(404)
    expect(again.log()).not.toContain('"level":50')
  })

  it('supports import, and doctor with repairs', async () => {
    const settings = settingsOf('')
    const data = makeDataFolder()
    const folder = join(makeDataFolder(), 'photos')
    await mkdir(folder)
    for (let nth = 0; nth < 3; nth++) {
      await writeFile(join(folder, `${nth}.png`), await nextImage())
    }
    const imported = await runCli(data, ['import', folder], { settings })
    expect(imported.stdout).toContain('3 added, 0 already there, 0 refused, 0 failed')

    const bucket = await bucketOf(settings)
    const keys = await listKeys(settings)
    const lost = keys.filter((key) => key.startsWith('variants/')).slice(0, 1)
    await bucket.remove(lost)
    const source = join(data, 'stray')
    await writeFile(source, 'bytes')
    const stray = 'originals/abc/abc00000000000000000000000000000.jpg'
    await bucket.put(stray, source)

    const found = await runCli(data, ['doctor'], { settings })
    expect(found.stdout).toContain(`is missing from storage (${lost})`)
    expect(found.stdout).toContain(`Nothing names "${stray}" in storage.`)
    expect(found.code).toBe(1)
    const repaired = await runCli(data, ['doctor', '--repair'], { settings })
    expect(repaired.stdout).toMatch(
      new RegExp(`Moved it to s3://vitrine-\\S+/strays/\\d+/${stray}`),
    )
    expect(repaired.stdout).toContain('2 found, 2 repaired')
    expect((await runCli(data, ['doctor'], { settings })).stdout).toContain('nothing found')
  })

  it('redirects clients to the bucket with delivery=redirect', async () => {
    const settings = settingsOf('&delivery=redirect')
    const [, client] = await start(settings)
    const image = await nextImage()
    const { media } = (await client.add('Tür', ['city'], image)).body

    const scaled = await client.get(media.urls.scaled)
    expect(scaled.status).toBe(302)
    expect(scaled.headers.get('etag')).toBeNull()
    expect(scaled.headers.get('cache-control')).toBe('public, max-age=150')
    const followed = await fetch(new URL(media.urls.scaled, client.url))
    expect(new URL(followed.url).origin).toBe(s3.endpoint)
    expect(followed.headers.get('content-type')).toBe('image/webp')
    expect(followed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')

    // Another size, which must be made first.
    const sized = await client.get(media.urls.template.replace('{width}.webp', '80.auto'))
    expect([sized.status, sized.headers.get('vary')]).toEqual([302, 'Accept'])
    expect(sized.headers.get('cache-control')).toBe('public, max-age=150')
    const made = await fetch(sized.headers.get('location') ?? '')
    expect([made.status, made.headers.get('content-type')]).toEqual([200, 'image/jpeg'])

    // HEAD shows the headers of the image without a redirect.
    const head = await client.request('HEAD', media.urls.scaled)
    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe(followed.headers.get('content-length'))
    const etag = head.headers.get('etag') ?? ''
    const unchanged = await client.get(media.urls.scaled, { headers: { 'if-none-match': etag } })
    expect(unchanged.status).toBe(304)

    const byId = await client.get(`/media/image/${media.id}`)
    expect([byId.status, byId.headers.get('cache-control')]).toEqual([302, 'no-store'])

    const original = await client.get(`/media/original/${media.id}`)
    expect([original.status, original.headers.get('cache-control')]).toEqual([302, 'no-store'])
    const location = original.headers.get('location') ?? ''
    const download = await fetch(location, { headers: { range: 'bytes=5-' } })
    expect(Buffer.from(await download.arrayBuffer()).equals(image.subarray(5))).toBe(true)
    expect(download.headers.get('content-disposition')).toMatch(/^attachment; .*T%C3%BCr\.png/)
    expect((await new Client(client.url).get(`/media/original/${media.id}`)).status).toBe(401)

    const page = await client.get('/')
    expect(page.headers.get('content-security-policy')).toContain(`blob: ${s3.endpoint};`)

    await client.delete(`/media/delete/${media.id}`)
    expect((await fetch(location)).status).toBe(404)
  })

  it('does not redirect clients that may not see the image', async () => {
    const settings = { ...settingsOf('&delivery=redirect'), VITRINE_DELIVERY: 'private' }
    const [, client] = await start(settings)
    const { media } = (await client.add('Private', [], await nextImage())).body
    const seen = await client.get(media.urls.scaled)
    expect([seen.status, seen.headers.get('cache-control')]).toEqual([302, 'no-store'])
    const stranger = await new Client(client.url).get(media.urls.scaled)
    expect([stranger.status, stranger.headers.get('location')]).toEqual([401, null])
  })

  it('shows the errors of S3 only in the log', async () => {
    const settings = settingsOf('')
    const through: Settings = {
      ...settings,
      VITRINE_STORAGE_URL: settings.VITRINE_STORAGE_URL?.replace(s3.endpoint, proxy.url),
    }
    const [server, client] = await start(through)
    const { media } = (await client.add('Tower', [], await nextImage())).body
    const denied = { status: 403, code: 'AccessDenied' }
    proxy.failAlways('PUT', denied)
    proxy.failAlways('GET', denied)
    const answers = [
      await client.get(media.urls.scaled),
      await client.get(`/media/original/${media.id}`),
      await client.add('Another', [], await nextImage()),
    ]
    for (const { status, body, headers } of answers) {
      expect(status).toBe(500)
      expect(JSON.stringify(body)).not.toMatch(/S3|Denied|vitrine-/)
      expect(headers.get('cache-control')).not.toContain('immutable')
    }
    const ready = await client.get('/health/ready')
    expect([ready.status, ready.body.detail]).toEqual([503, 'Not answering: storage.'])
    expect(server.log()).toContain('"code":"AccessDenied"')
    expect(server.log()).toContain('S3 answered PutObject with 403 AccessDenied')
    expect(server.log()).not.toContain(S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY)

    proxy.mend()
    // A failed health check is cached for a moment.
    const isReady = async () => (await client.get('/health/ready')).status
    await expect.poll(isReady, { timeout: 20_000 }).toBe(200)
    expect((await client.get(media.urls.scaled)).status).toBe(200)
    await client.delete(`/media/delete/${media.id}`)
    expect(await listKeys(settings)).toEqual([])
  })

  it('is not needed for lists and readiness by an instance that accepts no uploads', async () => {
    const settings = settingsOf('')
    const [server, client] = await start(settings)
    await client.add('Tower', [], await nextImage())
    const away: Settings = {
      ...settings,
      VITRINE_FILE_SERVICE: 'false',
      VITRINE_STORAGE_URL: settings.VITRINE_STORAGE_URL?.replace(s3.endpoint, 'http://127.0.0.1:1'),
    }
    const api = await startServer(away, server.data)
    onTestFinished(() => api.kill())
    const other = Object.assign(new Client(api.url), { cookie: client.cookie })
    expect((await other.list('?search=tower')).body.media).toHaveLength(1)
    const ready = await other.get('/health/ready')
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready', checks: ['database'] }])
    await api.logged('The bucket cannot be reached')
    expect(await api.stop()).toBe(0)
  })

  it.skipIf(!canMount)(
    'makes an instance report itself as not ready while its temporary disk is full (root only)',
    async () => {
      const disk = mountSmallDisk(8)
      const server = await startServer(settingsOf(''), disk.data)
      onTestFinished(async () => {
        await server.kill()
        disk.unmount()
      })
      const client = await signIn(server)
      await client.add('Before', [], await nextImage())
      expect((await client.get('/health/ready')).body).toMatchObject({
        checks: ['database', 'storage', 'temporary'],
      })
      for (let count = 0; count < 2; count++) {
        disk.fill()
        const ready = await client.get('/health/ready')
        expect([ready.status, ready.body.detail]).toEqual([503, 'Not answering: temporary.'])
        expect((await client.add('Full', [], await nextImage())).status).toBe(500)
        expect((await client.list()).status).toBe(200)
        disk.empty()
        expect((await client.get('/health/ready')).status).toBe(200)
      }
      expect((await client.add('After', [], await nextImage())).status).toBe(200)
    },
  )

  it('reports an S3 server that accepts connections but never responds, and leaves nothing behind', async () => {
    const settings = settingsOf('&timeout=1')
    const through: Settings = {
      ...settings,
      VITRINE_STORAGE_URL: settings.VITRINE_STORAGE_URL?.replace(s3.endpoint, proxy.url),
    }
    const [server, client] = await start(through)
    const { media } = (await client.add('Kept', ['tower'], await nextImage())).body
    const gone = (await client.add('Gone', [], await nextImage())).body.media

    proxy.failAlways('*', 'silence')
    const waiting = Promise.all([
      client.add('Never', [], await nextImage()),
      client.delete(`/media/delete/${gone.id}`),
      client.get(`/media/original/${media.id}`),
    ])
    await expect.poll(() => proxy.open, { timeout: 20_000 }).toBeGreaterThan(0)
    const found = await client.list('?search=tower')
    expect(found.body.media.map(({ name }) => name)).toEqual(['Kept'])
    for (const { status, body } of await waiting) {
      expect(status).toBe(500)
      expect(body.detail).toMatch(/log of the server/)
    }
    expect((await client.list()).body.media.map(({ name }) => name)).toEqual(['Kept'])
    expect((await client.get('/health/ready')).body.detail).toBe('Not answering: storage.')

    proxy.mend()
    expect((await client.add('After', [], await nextImage())).status).toBe(200)
    expect((await client.get(`/media/original/${media.id}`)).status).toBe(200)
    // A sweep removes the remaining objects after the lease.
    expect(await server.stop()).toBe(0)
    const database = await openDatabase(join(server.data, 'vitrine.db'))
    await database.write((trx) => trx.updateTable('journal').set({ claimed_at: 1 }).execute())
    await database.close()
    await start(through, server.data)
    await expect.poll(() => listKeys(settings), { timeout: 20_000 }).toHaveLength(4)
  })

  it('does not start without the bucket, and prints one line', async () => {
    const settings = {
      ...S3_CREDENTIALS,
      VITRINE_PORT: '0',
      VITRINE_STORAGE_URL: `s3://no-such-bucket?endpoint=${s3.endpoint}`,
    }
    const { code, stderr } = await runCli(makeDataFolder(), ['serve'], { settings })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^There is no bucket no-such-bucket at \S+ Make it, .*\n$/)
    expect(stderr).not.toContain(S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY)
  })
})
