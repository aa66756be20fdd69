import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { openS3Storage } from '../src/storage/s3/s3.ts'
import { parseS3Url } from '../src/storage/s3/s3-url.ts'
import { readArchive } from '../src/transfer/archive/read-archive.ts'
import { writeArchive } from '../src/transfer/archive/write-archive.ts'
import { expectConsistent, takeStock } from './consistency.ts'
import { makePng } from './fixtures.ts'
import {
  Client,
  environment,
  makeDataFolder,
  ROOT,
  runCli,
  type Server,
  type Settings,
  signIn,
  startCli,
  startServer,
  withoutProgress,
} from './harness.ts'
import { createDatabase, findPostgres, teardown } from './postgres.ts'
import { hasS3Server, makeBucket, S3_CREDENTIALS, type S3Server, useS3Server } from './s3-server.ts'
import { stockLibrary } from './stock-library.ts'

/** Items of the library that is in use. With more items, the run on a bucket takes too long. */
const COUNT = 30
const FINE = { code: 0, said: '' }
/** Includes the start of an S3 server. */
const SLOW = { timeout: 180_000 }

const started: Server[] = []
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill()
})

async function start(data: string, settings: Settings = {}): Promise<Server> {
  const server = await startServer(settings, data)
  started.push(server)
  return server
}

const newFile = () => join(makeDataFolder(), 'library.tar')

async function readList(client: Client): Promise<MediaItem[]> {
  return (await client.list('?order=added-asc')).body.media
}

/** Checks everything that a guest and an editor can see of these items. */
async function expectShown(server: Server, items: readonly MediaItem[]): Promise<void> {
  const guest = new Client(server.url)
  const editor = await signIn(server, 'edda')
  expect(await readList(editor)).toEqual(items)
  for (const { id, urls, size } of items) {
    expect((await guest.get(urls.scaled)).status).toBe(200)
    expect((await editor.get(`/media/original/${id}`)).bytes).toHaveLength(size)
  }
}

/** A place for a library, with the settings that name it. */
interface Place {
  settings: Settings
  stock(count: number): Promise<void>
}

const embedded = async (data: string): Promise<Place> => ({
  settings: {},
  stock: (count) => stockLibrary(data, count),
})

const servers = async (data: string): Promise<Place> => {
  const [database, bucket] = [await createDatabase(data), await makeBucket(await s3())]
  return {
    settings: {
      ...S3_CREDENTIALS,
      VITRINE_DATABASE_URL: database.url,
      VITRINE_STORAGE_URL: bucket,
    },
    async stock(count) {
      Object.assign(process.env, S3_CREDENTIALS)
      await stockLibrary(data, count, {
        database,
        storage: await openS3Storage(parseS3Url(bucket)),
      })
    },
  }
}

let bucketServer: Promise<S3Server> | undefined
const s3 = () => {
  bucketServer ??= useS3Server()
  return bucketServer
}

const hasServers = (await findPostgres()) && hasS3Server()
const ways = hasServers
  ? [
      { from: 'the embedded database and the disk', source: embedded, to: servers },
      { from: 'PostgreSQL and S3', source: servers, to: embedded },
    ]
  : [{ from: 'the embedded database', source: embedded, to: embedded }]

describe('backup and restore', () => {
  afterAll(async () => {
    await (await bucketServer)?.stop()
    if (hasServers) await teardown()
  })

  it.each(ways)('move a library in use from $from', SLOW, async ({ source, to }) => {
    const data = makeDataFolder()
    const own = await source(data)
    await own.stock(COUNT)
    const server = await start(data, own.settings)
    const client = await signIn(server, 'edda')
    const before = await readList(client)

    const file = newFile()
    const { process: child, ended } = await startCli(data, ['backup', file], own)
    const deleted = new Set<number>()
    // Starts at the end of the list, which the backup reads last.
    for (let id = COUNT; child.exitCode === null && id > COUNT / 2; id -= 1) {
      await client.delete(`/media/delete/${id}`)
      deleted.add(id)
      await client.add(`New ${id}`, [], await makePng({ seed: id }))
    }
    const backup = await ended
    expect({ code: backup.code, said: withoutProgress(backup.stderr) }).toEqual(FINE)
    expect(backup.stdout).toMatch(/^Backed up \d+ items, \d+ originals .*, 1 users in /)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(file, '..'))).toEqual(['library.tar'])
    await server.stop()

    const target = makeDataFolder()
    const { settings } = await to(target)
    const restored = await runCli(target, ['restore', file], { settings })
    expect({ code: restored.code, said: withoutProgress(restored.stderr) }).toEqual(FINE)
    expect((await runCli(target, ['doctor'], { settings })).stdout).toContain('nothing found')

    const there = await start(target, settings)
    const items = await readList(await signIn(there, 'edda'))
    await expectShown(there, items)
    // The state of one instant: no new and no changed item, and only the deleted items are missing.
    const known = new Map(before.map((item) => [item.id, item]))
    const added = items.filter(({ id }) => !known.has(id))
    expect(added.length).toBeLessThanOrEqual(deleted.size)
    const gone = before.filter(({ id }) => !items.some((item) => item.id === id))
    expect(gone.every(({ id }) => deleted.has(id))).toBe(true)
    for (const item of items) if (known.has(item.id)) expect(item).toEqual(known.get(item.id))
    // Sessions are not restored. Cached responses of the old library do not count either.
    const old = new Client(there.url)
    old.cookie = client.cookie
    expect((await old.list()).status).toBe(401)
    // Numbers are never reused.
    const next = await (await signIn(there, 'edda')).add('Next', [], await makePng({ seed: 99 }))
    expect(next.body.media.id).toBeGreaterThan(Math.max(COUNT, ...items.map(({ id }) => id)))
  })

  it('works through a pipe', async () => {
    const [data, target] = [makeDataFolder(), makeDataFolder()]
    await stockLibrary(data, 5)
    const vitrine = `${process.execPath} vitrine.mjs`
    const line = `${vitrine} backup - --data ${data} | ${vitrine} restore - --data ${target}`
    const env = environment(data, {})
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', line], { cwd: ROOT, env })
    expect(stdout).toMatch(/^Restored, .*5 items/)
    expect(stderr).toMatch(/^Backed up 5 items/)
    expect((await expectConsistent(target)).media).toEqual([1, 2, 3, 4, 5])
  })

  it('restores nothing from a backup that is cut short or changed', async () => {
    const data = makeDataFolder()
    // More objects than one batch stores.
    await stockLibrary(data, 40)
    const file = newFile()
    expect((await runCli(data, ['backup', file])).code).toBe(0)
    expect(await runCli(data, ['backup', file])).toMatchObject({
      code: 1,
      stderr: `${file} is there already.\n`,
    })
    const nowhere = join(data, 'nowhere/library.tar')
    const { code, stderr } = await runCli(data, ['backup', nowhere])
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ENOENT.*\n$/),
    })
    const bytes = readFileSync(file)
    const target = makeDataFolder()
    const restore = async (archive: Buffer) => {
      const path = newFile()
      writeFileSync(path, archive)
      return runCli(target, ['restore', path])
    }
    const flipped = (text: string) => {
      const copy = Buffer.from(bytes)
      const place = copy.indexOf(text)
      expect(place).toBeGreaterThan(0)
      copy[place + text.length - 1] = (copy[place + text.length - 1] ?? 0) ^ 1
      return copy
    }
    const refusals = [
      { archive: bytes.subarray(0, -1500), says: 'The backup is cut short: its end is missing.' },
      { archive: bytes.subarray(0, 9000), says: 'The backup is cut short: its end is missing.' },
      { archive: flipped('"Picture 4'), says: 'The backup is damaged or was changed' },
      { archive: Buffer.from('PK and so on'), says: 'This is no backup of Vitrine.' },
    ]
    for (const { archive, says } of refusals) {
      const { code, stdout, stderr } = await restore(archive)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(says)
      expect(stderr).toContain('Nothing was restored.')
      expect(await expectConsistent(target)).toMatchObject({ media: [], stored: {}, journal: [] })
    }
    expect(await restore(bytes)).toMatchObject({ code: 0 })
    expect((await expectConsistent(target)).media).toHaveLength(40)
    expect(await restore(bytes)).toMatchObject({
      code: 1,
      stderr: 'There is a library at the target already; name an empty one.\n',
    })
  })

  it.each([
    {
      table: 'media',
      from: '"name":"Picture 2',
      to: '"name":"Pic\\u0007 2',
      says: 'The row 2 of media has a name that Vitrine never makes: "Pic\\u0007 2',
    },
    {
      table: 'users',
      from: '"username":"edda"',
      to: '"username":"Edda"',
      says: 'The row 1 of users has a username that Vitrine never makes: "Edda".',
    },
    {
      table: 'media',
      from: '"id":3',
      to: '"id":1',
      says: 'The row 1 of media is not in its place.',
    },
    {
      table: 'media',
      from: '"file_id":2',
      to: '"file_id":9',
      says: 'The item 2 "Picture 2 über Überlingen" has no file.',
    },
    {
      table: 'variants',
      from: '"file_id":2',
      to: '"file_id":9',
      says: 'The row 9 of variants is not in its place.',
    },
  ])('refuses tampered rows of $table ($to) even if their checksums match', async (tampered) => {
    const data = makeDataFolder()
    await stockLibrary(data, 3)
    const file = newFile()
    expect((await runCli(data, ['backup', file])).code).toBe(0)
    const changed = newFile()
    await tamper(file, changed, tampered)
    const target = makeDataFolder()
    const restored = await runCli(target, ['restore', changed])
    expect(restored).toMatchObject({ code: 1, stdout: '' })
    expect(restored.stderr).toContain(tampered.says)
    expect(restored.stderr).toContain('Nothing was restored.')
    expect(await expectConsistent(target)).toMatchObject({ media: [], stored: {}, journal: [] })
    expect((await runCli(target, ['restore', file])).code).toBe(0)
  })

  it('starts over after a kill, and cannot be used before it is complete', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 100)
    const file = newFile()
    expect((await runCli(data, ['backup', file])).code).toBe(0)
    const target = makeDataFolder()
    const { process: child } = await startCli(target, ['restore', file])
    const exited = once(child, 'exit')
    while (!existsSync(join(target, 'files/originals'))) await sleep(5)
    child.kill('SIGKILL')
    await exited
    const refused = await runCli(target, ['serve'])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('run vitrine restore again')
    const copied = await runCli(data, ['copy', '--to-data', target])
    expect(copied.stderr).toContain('An unfinished restore of a library is at the target already.')

    expect((await runCli(target, ['restore', file])).code).toBe(0)
    const { media, journal } = await expectConsistent(target)
    expect(media).toHaveLength(100)
    expect(journal).toEqual([])
  })

  it('accepts files whose database was lost', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 8)
    const file = newFile()
    expect((await runCli(data, ['backup', file])).code).toBe(0)
    const { stored } = await expectConsistent(data)
    for (const name of ['vitrine.db', 'vitrine.db-wal', 'vitrine.db-shm']) {
      rmSync(join(data, name), { force: true })
    }
    const cut = newFile()
    writeFileSync(cut, readFileSync(file).subarray(0, -3000))
    expect((await runCli(data, ['restore', cut])).code).toBe(1)
    expect((await takeStock(data)).stored).toEqual(stored)
    expect((await runCli(data, ['restore', file])).code).toBe(0)
    expect((await expectConsistent(data)).media).toHaveLength(8)
  })
})

/** Writes a backup again with changed text in the rows of a table, and with matching checksums. */
async function tamper(
  file: string,
  changed: string,
  { table, from, to }: { table: string; from: string; to: string },
): Promise<void> {
  const folder = makeDataFolder()
  const archive = writeArchive(createWriteStream(changed), { folder, keepOpen: false })
  const path = join(folder, 'entry')
  let header = ''
  const entries = readArchive(createReadStream(file), (read) => {
    header = JSON.stringify(read)
  })
  let isFirst = true
  for await (const { name, content } of entries) {
    if (isFirst) await archive.addText('vitrine-backup.json', header)
    isFirst = false
    const bytes = Buffer.concat(await Array.fromAsync(content))
    const isTampered = name === `rows/${table}.ndjson`
    if (isTampered) expect(bytes.toString()).toContain(from)
    writeFileSync(path, isTampered ? bytes.toString().replace(from, to) : bytes)
    await archive.add(name, path)
  }
  await archive.finish()
}
