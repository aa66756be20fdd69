import { type ChildProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Database, DatabaseLocation } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { openS3Storage } from '../src/storage/s3/s3.ts'
import { parseS3Url } from '../src/storage/s3/s3-url.ts'
import { readCounters } from '../src/transfer/tables.ts'
import { expectConsistent, takeStock } from './consistency.ts'
import { makePng } from './fixtures.ts'
import {
  Client,
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

const started: Server[] = []
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill()
})

async function start(data: string, settings: Settings = {}): Promise<Server> {
  const server = await startServer(settings, data)
  started.push(server)
  return server
}

async function withDatabase<T>(
  location: DatabaseLocation,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(location, undefined, { unfinished: true })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

const embedded = (data: string) => join(data, 'vitrine.db')

/** The whole list, a search, the tags and one public image, as clients receive them. */
async function readAll(client: Client) {
  const list = await client.list('?order=added-asc')
  expect(list.status).toBe(200)
  const search = await client.list('?search=überl+tag+3')
  const tags = await client.get('/media/tags')
  const [item] = list.body.media
  const image = await client.get(item?.urls.scaled ?? '')
  expect(image.status).toBe(200)
  return {
    list: list.bytes.toString(),
    etag: list.headers.get('etag'),
    search: search.bytes.toString(),
    tags: tags.bytes.toString(),
    image: image.bytes.toString('hex'),
  }
}

/** Kills a command with SIGKILL as soon as a condition is true. */
async function killOnce(child: ChildProcess, isSo: () => Promise<boolean>): Promise<void> {
  const exited = once(child, 'exit')
  while (!(await isSo())) {
    expect(child.exitCode).toBeNull()
    await sleep(20)
  }
  child.kill('SIGKILL')
  await exited
}

const hasPostgres = await findPostgres()

describe.skipIf(!hasPostgres || !hasS3Server())('copy to PostgreSQL and S3', () => {
  let s3: S3Server
  beforeAll(async () => {
    Object.assign(process.env, S3_CREDENTIALS)
    s3 = await useS3Server()
  }, 120_000)
  afterAll(async () => {
    await s3.stop()
    await teardown()
  })

  it('copies a library there and back, killed twice on the way', { timeout: 180_000 }, async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 90)
    const server = await start(data)
    const client = await signIn(server, 'edda')
    // The number of the last item must not be used again.
    expect((await client.delete('/media/delete/90')).status).toBe(200)
    const before = await readAll(client)
    expect(await server.stop()).toBe(0)

    const location = await createDatabase(data)
    const bucket = await makeBucket(s3)
    const storage = await openS3Storage(parseS3Url(bucket))
    const settings = {
      ...S3_CREDENTIALS,
      VITRINE_DATABASE_URL: location.url,
      VITRINE_STORAGE_URL: bucket,
    }
    const args = ['copy', '--to-database', location.url, '--to-storage', bucket]
    const run = () => startCli(data, args, { settings: S3_CREDENTIALS })

    // Killed during the first objects, before any row is copied.
    await killOnce((await run()).process, async () => {
      return (await Array.fromAsync(storage.list())).length >= 10
    })
    const half = makeDataFolder()
    const refused = await runCli(half, ['serve'], { settings })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toBe(
      'A copy into this library was not finished; run vitrine copy again.\n',
    )
    await withDatabase(location, async ({ read }) => {
      const countFiles = async () => (await read.selectFrom('files').select('id').execute()).length
      const { process: second } = await run()
      await killOnce(second, async () => (await countFiles()) >= 50)
      expect(await countFiles()).toBeLessThan(89)
    })
    const first = await (await run()).ended
    expect({ code: first.code, said: withoutProgress(first.stderr) }).toEqual({ code: 0, said: '' })
    expect(first.stdout).toContain('89 items, 89 originals (8.9 kB), 97 variants (9.7 kB), 1 users')
    expect(Number(/^(\d+) objects were stored/m.exec(first.stdout)?.[1])).toBeLessThanOrEqual(86)
    expect(await (await run()).ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to do'),
    })

    // The audit trail continues at the target, with an entry for the copy.
    const counters = { media: 90, files: 89, users: 1 }
    const countersOf = (place: DatabaseLocation) =>
      withDatabase(place, ({ read }) => readCounters(read))
    expect(await countersOf(embedded(data))).toMatchObject(counters)
    expect(await countersOf(location)).toMatchObject(counters)
    const doctor = await runCli(half, ['doctor'], { settings })
    expect(doctor.stdout).toContain('89 items, 89 files, 186 objects checked: nothing found')
    const there = await start(half, settings)
    const guest = new Client(there.url)
    // A session stays valid at the target.
    guest.cookie = client.cookie
    expect(await readAll(guest)).toEqual(before)
    expect(await there.stop()).toBe(0)

    const home = makeDataFolder()
    expect(await runCli(half, ['copy', '--to-data', home], { settings })).toMatchObject({ code: 0 })
    expect((await expectConsistent(home)).stored).toEqual((await takeStock(data)).stored)
    expect(await countersOf(embedded(home))).toMatchObject(counters)
    const back = await start(home)
    const again = new Client(back.url)
    again.cookie = client.cookie
    expect(await readAll(again)).toEqual(before)
  })
})

describe('copy', () => {
  it.skipIf(!hasPostgres)('leaves the files where they are without a target for them', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 12)
    const { url } = await createDatabase(data)
    const copied = await runCli(data, ['copy', '--to-database', url])
    expect(copied).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('0 objects were stored'),
    })
    const settings = { VITRINE_DATABASE_URL: url }
    const doctor = await runCli(data, ['doctor'], { settings })
    expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing found') })
    await teardown()
  })

  it('refuses a library in use, but follows it with --follow until no server uses it', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 30)
    const server = await start(data)
    const client = await signIn(server, 'edda')
    const target = makeDataFolder()
    expect(await runCli(data, ['copy', '--to-data', target])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`in use by process ${server.process.pid} on `),
    })

    const { process: child, ended } = await startCli(data, [
      'copy',
      '--follow',
      '--to-data',
      target,
    ])
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
    })
    const change = async (seed: number) => {
      const added = await client.add(`New ${seed}`, ['new'], await makePng({ seed }))
      expect(added.status).toBe(200)
      // The same bytes again after their file was deleted: a new file with the same hash.
      await client.delete(`/media/delete/${added.body.media.id}`)
      await client.add(`Newer ${seed}`, ['new'], await makePng({ seed }))
      await client.post(`/media/edit/${seed}`, { name: `Edited ${seed}`, tags: ['edited'] })
      await client.delete(`/media/delete/${seed + 10}`)
    }
    await change(1)
    while (!said.includes('Following changes')) await sleep(20)
    await change(2)
    await withDatabase(embedded(target), async ({ read }) => {
      const find = () =>
        read.selectFrom('media').select('id').where('name', '=', 'Newer 2').execute()
      while ((await find()).length === 0) await sleep(50)
    })
    await change(3)
    // Several deletions in one transaction leave ids past 2^53 in the search index.
    const many = await client.post('/media/bulk/delete', { ids: [21, 22, 23] })
    expect(many.bytes.toString()).toContain('"done":3')
    const password = { input: 'another password' }
    const bob = ['user', 'add', 'bob', '--role', 'viewer', '--password-stdin']
    expect((await runCli(data, bob, password)).code).toBe(0)
    const before = await readAll(client)
    expect(child.exitCode).toBeNull()
    expect(await server.stop()).toBe(0)
    expect(await ended).toMatchObject({ code: 0 })

    const stock = await expectConsistent(target)
    expect(stock.journal).toEqual([])
    expect(stock.stored).toEqual((await takeStock(data)).stored)
    const there = new Client((await start(target)).url)
    there.cookie = client.cookie
    expect(await readAll(there)).toEqual(before)
    expect((await runCli(target, ['user', 'list'])).stdout).toMatch(/^viewer .* bob$/m)
    const doctor = await runCli(target, ['doctor'])
    expect(doctor.stdout).toContain('nothing found')
  })

  it('overwrites neither another library nor a copy that was used', async () => {
    const [data, other] = [makeDataFolder(), makeDataFolder()]
    await stockLibrary(data, 3)
    await stockLibrary(other, 3)
    const copyTo = (folder: string) => runCli(data, ['copy', '--to-data', folder])
    expect(await copyTo(other)).toMatchObject({
      code: 1,
      stderr: 'There is a library at the target already; name an empty one.\n',
    })
    expect(await copyTo(data)).toMatchObject({
      code: 1,
      stderr: 'The target is the database of this library itself.\n',
    })
    const target = makeDataFolder()
    expect((await copyTo(target)).code).toBe(0)
    expect((await copyTo(target)).stdout).toContain('nothing to do')
    const client = await signIn(await start(target), 'edda')
    expect((await client.delete('/media/delete/1')).status).toBe(200)
    expect(await copyTo(target)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('one of the two has changed'),
    })
    expect(await runCli(data, ['copy'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--to-database'),
    })
    expect(await runCli(data, ['copy', '--to-database', 'mysql://secret@x/y'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^--to-database must be a URL like postgres:\/\/(?!.*secret).*\n$/,
      ),
    })
  })

  it('is not complete while an object at the source is damaged', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 5)
    const { key } = await withDatabase(embedded(data), ({ read }) =>
      read.selectFrom('files').select('key').where('id', '=', 2).executeTakeFirstOrThrow(),
    )
    const path = join(data, 'files', key)
    const bytes = readFileSync(path)
    writeFileSync(path, Buffer.from(bytes).reverse())

    const target = makeDataFolder()
    const copied = await runCli(data, ['copy', '--to-data', target])
    expect(copied.code).toBe(1)
    expect(copied.stdout).toBe(
      `The original of item 2 "Picture 2 über Überlingen" has other bytes than were stored (${key}).\n`,
    )
    expect((await runCli(target, ['doctor'])).stderr).toContain('A copy into this library was not')

    writeFileSync(path, bytes)
    expect((await runCli(data, ['copy', '--to-data', target])).code).toBe(0)
    expect((await expectConsistent(target)).media).toEqual([1, 2, 3, 4, 5])
  })

  it('names an original that cannot be read, and copies the rest, as a backup does', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 5)
    const { key } = await withDatabase(embedded(data), ({ read }) =>
      read.selectFrom('files').select('key').where('id', '=', 2).executeTakeFirstOrThrow(),
    )
    rmSync(join(data, 'files', key))
    // Storage does not follow links.
    symlinkSync('/nowhere', join(data, 'files', key))
    const fault = `The original of item 2 "Picture 2 über Überlingen" cannot be read: ELOOP`

    const target = makeDataFolder()
    const copied = await runCli(data, ['copy', '--to-data', target])
    expect(copied).toMatchObject({ code: 1, stdout: expect.stringContaining(fault) })
    await withDatabase(embedded(target), async ({ read }) => {
      const items = await read.selectFrom('media').select('id').orderBy('id').execute()
      expect(items.map(({ id }) => id)).toEqual([1, 3, 4, 5])
    })
    const file = join(makeDataFolder(), 'library.tar')
    const backedUp = await runCli(data, ['backup', file])
    expect(backedUp).toMatchObject({ code: 1, stdout: expect.stringContaining(fault) })
    expect(backedUp.stdout).toContain('Backed up 4 items')
    expect((await runCli(makeDataFolder(), ['restore', file])).code).toBe(0)
  })

  it('is not complete while the source has a row that Vitrine never makes', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 3)
    const write = (name: string, username: string) =>
      withDatabase(embedded(data), (database) =>
        database.write(async (trx) => {
          await trx.updateTable('media').set({ name }).where('id', '=', 2).execute()
          await trx.updateTable('users').set({ username }).execute()
        }),
      )
    const target = makeDataFolder()
    const copied = () => runCli(data, ['copy', '--to-data', target])
    const user = 'The row 1 of users has a username that Vitrine never makes: "Edda\\u0007".\n'
    await write('a\u0007b', 'Edda\u0007')
    expect(await copied()).toMatchObject({
      code: 1,
      stdout: `The row 2 of media has a name that Vitrine never makes: "a\\u0007b".\n${user}`,
    })
    await write('Fine', 'Edda\u0007')
    expect(await copied()).toMatchObject({ code: 1, stdout: user })
    await write('Fine', 'edda')
    expect((await copied()).code).toBe(0)
    expect((await expectConsistent(target)).media).toEqual([1, 2, 3])
  })

  it('keeps the objects that are already in the storage of the target', async () => {
    const [data, target] = [makeDataFolder(), makeDataFolder()]
    await stockLibrary(data, 4)
    spawnSync('cp', ['-r', join(data, 'files'), target], { cwd: ROOT })
    const { key } = await withDatabase(embedded(data), ({ read }) =>
      read.selectFrom('files').select('key').where('id', '=', 1).executeTakeFirstOrThrow(),
    )
    const bytes = readFileSync(join(data, 'files', key))
    writeFileSync(join(target, 'files', key), 'somebody else’s')
    const copied = await runCli(data, ['copy', '--to-data', target])
    expect(copied).toMatchObject({
      code: 1,
      stderr: `The target's storage has another object ${key} already.\n`,
    })
    expect(String(readFileSync(join(target, 'files', key)))).toBe('somebody else’s')

    writeFileSync(join(target, 'files', key), bytes)
    expect((await runCli(data, ['copy', '--to-data', target])).stdout).toContain(
      '0 objects were stored',
    )
    expect((await expectConsistent(target)).media).toHaveLength(4)
  })
})
