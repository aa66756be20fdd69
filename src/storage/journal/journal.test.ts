import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { locateDatabase } from '../../../test/postgres.ts'
import type { Database } from '../../database/database.ts'
import { openDatabase } from '../../database/open.ts'
import { openDiskStorage } from '../disk.ts'
import { newKey, type Storage } from '../storage.ts'
import { fileRow } from './journal.fixture.ts'
import { type Journal, openJournal } from './journal.ts'

const LEASE_MS = 60_000

let folder: string
let now: number
let logged: string[]
let database: Database
let storage: Storage
const open: { close(): Promise<void> }[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-journal-'))
  now = 1_000_000
  logged = []
  await writeFile(join(folder, 'source'), 'some bytes')
  database = await openDatabase(await locateDatabase(folder), () => now)
  open.push(database)
  storage = await openDiskStorage(join(folder, 'files'))
})
afterEach(async () => {
  for (const opened of open.splice(0).reverse()) await opened.close()
  await rm(folder, { recursive: true })
})

const log = pino({}, { write: (line) => logged.push(JSON.parse(line).msg) })

/** Opens a journal. Several journals in one test stand for several processes. */
async function start(deps: Partial<{ database: Database; storage: Storage }> = {}) {
  const journal = await openJournal({ database, storage, log, ...deps })
  open.push(journal)
  return journal
}

/** Makes the owner look like a process that has ended. */
const kill = ({ owner }: Journal) =>
  database.write((trx) =>
    trx.updateTable('owners').set({ started: '1' }).where('id', '=', owner).execute(),
  )

/** Makes the owner look like a process on another machine. */
const moveElsewhere = ({ owner }: Journal) =>
  database.write((trx) =>
    trx.updateTable('owners').set({ host: 'elsewhere' }).where('id', '=', owner).execute(),
  )

const put = (key: string) => storage.put(key, join(folder, 'source'))

async function putNew(journal: Journal): Promise<string> {
  const key = newKey('originals', 'jpg')
  await journal.record([key])
  await put(key)
  return key
}

/** Records many keys, and puts only every 20th object. */
async function putSome(journal: Journal, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, () => newKey('originals', 'jpg')).sort()
  await journal.record(keys)
  await Promise.all(keys.filter((_, index) => index % 20 === 0).map(put))
  return keys
}

const take = (journal: Journal, keys: string[]) => database.write((trx) => journal.take(trx, keys))

const rows = () => database.read.selectFrom('journal').selectAll().orderBy('key').execute()

const owners = async () => {
  const found = await database.read.selectFrom('owners').select('id').execute()
  return found.map(({ id }) => id)
}

/** Storage that cannot remove anything while `failing` is true. */
function breakStorage() {
  const broken = {
    ...storage,
    remove: async (keys: readonly string[]) => {
      if (broken.failing) throw new Error('input/output error')
      await storage.remove(keys)
    },
    failing: true,
  }
  return broken
}

describe('journal', () => {
  it('records keys as its own until they are taken', async () => {
    const journal = await start()
    const keys = [newKey('originals', 'jpg'), newKey('variants', 'webp')].sort()
    await journal.record(keys)
    expect(await rows()).toEqual(
      keys.map((key) => ({ key, owner: journal.owner, created_at: now, claimed_at: null })),
    )
    await take(journal, keys)
    expect(await rows()).toEqual([])
  })

  it('records only valid keys, and no key twice', async () => {
    const journal = await start()
    const key = newKey('originals', 'jpg')
    await expect(journal.record([key, '../x'])).rejects.toThrow('no storage key')
    expect(await rows()).toEqual([])
    await journal.record([key])
    await expect(journal.record([newKey('originals', 'jpg'), key])).rejects.toThrow()
    expect(await rows()).toHaveLength(1)
  })

  it('takes all keys or none, and only its own unclaimed ones', async () => {
    const journal = await start()
    const other = await start()
    const [own, foreign, condemned] = [
      await putNew(journal),
      await putNew(other),
      await putNew(journal),
    ]
    await database.write((trx) => journal.condemn(trx, [condemned]))
    const before = await rows()
    for (const key of [foreign, condemned, newKey('originals', 'jpg')]) {
      await expect(take(journal, [own, key])).rejects.toThrow('to be taken')
      expect(await rows()).toEqual(before)
    }
    await take(journal, [own])
    await take(journal, [])
  })

  it('discards recorded keys, whether they were put or not', async () => {
    const journal = await start()
    const key = newKey('originals', 'jpg')
    await journal.record([key])
    await journal.discard([await putNew(journal), key])
    await journal.discard([])
    expect(await rows()).toEqual([])
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })

  it('condemns keys with and without a row in the journal', async () => {
    const journal = await start()
    const held = await putNew(journal)
    const taken = await putNew(journal)
    await take(journal, [taken])
    await database.write((trx) => journal.condemn(trx, [held, taken]))
    await database.write((trx) => journal.condemn(trx, []))
    await journal.discard([held, taken])
    expect(await rows()).toEqual([])
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })

  it('returns only condemned keys that no row names', async () => {
    const journal = await start()
    const keys = [newKey('originals', 'jpg'), newKey('originals', 'jpg')]
    const [gone = '', named = ''] = keys
    const condemned = await database.write(async (trx) => {
      await trx.insertInto('files').values(fileRow(named)).execute()
      return journal.condemn(trx, keys)
    })
    expect(condemned).toEqual([gone])
    expect(await rows()).toMatchObject([{ key: gone, owner: journal.owner, claimed_at: now }])
    expect(logged).toEqual(['A removal named objects that are in use; they stay'])
  })

  it('discards no object whose row was taken, as after a commit with a lost answer', async () => {
    const journal = await start()
    const key = await putNew(journal)
    await take(journal, [key])
    await journal.discard([key])
    expect(await storage.size(key)).toBe(10)
  })

  it('leaves objects to the sweep if storage cannot remove them', async () => {
    const broken = breakStorage()
    const journal = await start({ storage: broken })
    const key = await putNew(journal)
    await expect(journal.discard([key])).rejects.toThrow('input/output error')
    expect(await rows()).toMatchObject([{ key, owner: null }])
    await expect(take(journal, [key])).rejects.toThrow('to be taken')

    now += LEASE_MS
    await journal.sweep()
    expect(await rows()).toHaveLength(1)
    expect(logged).toContain('Abandoned objects could not be removed yet')
    broken.failing = false
    await journal.sweep()
    expect(await rows()).toEqual([])
    expect(await storage.size(key)).toBeUndefined()
  })

  it('leaves objects to the sweep if it cannot claim them', async () => {
    let failing = false
    const write: Database['write'] = (work) =>
      failing ? Promise.reject(new Error('database is gone')) : database.write(work)
    const journal = await start({ database: { ...database, write } })
    const key = await putNew(journal)
    failing = true
    await expect(journal.discard([key])).rejects.toThrow('database is gone')
    expect(await storage.size(key)).toBe(10)
    failing = false
    await journal.sweep()
    expect(await storage.size(key)).toBeUndefined()
  })
})

describe('a condemned object', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  const condemnNew = async (journal: Journal) => {
    const key = await putNew(journal)
    await take(journal, [key])
    return database.write((trx) => journal.condemn(trx, [key]))
  }

  it('is gone at once, and keeps its row until the removal is flushed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const events: string[] = []
    const journal = await start({
      database: {
        ...database,
        writeConcurrently: async (work) => {
          const result = await database.writeConcurrently(work)
          events.push(`${(await rows()).length} rows`)
          return result
        },
      },
      storage: {
        ...storage,
        remove: async (keys) => {
          await storage.remove(keys)
          events.push(`${keys.length} removed`)
        },
      },
    })
    const first = await condemnNew(journal)
    await journal.removeCondemned(first)
    expect(await Array.fromAsync(storage.list())).toEqual([])
    const second = await condemnNew(journal)
    await journal.removeCondemned(second)
    expect((await rows()).map(({ key }) => key)).toEqual([...first, ...second].sort())
    expect(await Array.fromAsync(storage.list())).toEqual([])

    events.splice(0)
    vi.advanceTimersByTime(1000)
    await vi.waitFor(() => expect(events).toEqual(['2 removed', '0 rows']))
    await journal.removeCondemned(await condemnNew(journal))
    expect(await rows()).toHaveLength(1)
    vi.advanceTimersByTime(1000)
    await expect.poll(rows).toEqual([])
    expect(logged).toEqual([])
  })

  it('loses its row before the journal closes', async () => {
    const journal = await openJournal({ database, storage, log })
    await journal.removeCondemned(await condemnNew(journal))
    expect(await rows()).toHaveLength(1)
    await journal.close()
    expect(await rows()).toEqual([])
    expect(await owners()).toEqual([])
  })

  it('is removed only once if storage has no unlink', async () => {
    const { unlink: _, ...slow } = storage
    const remove = vi.fn(storage.remove)
    const journal = await openJournal({ database, storage: { ...slow, remove }, log })
    const condemned = await condemnNew(journal)
    await journal.removeCondemned(condemned)
    expect(await Array.fromAsync(storage.list())).toEqual([])
    await journal.close()
    expect(remove.mock.calls).toEqual([[condemned]])
    expect(await rows()).toEqual([])
  })

  it('is left to the sweep if the unlink fails', async () => {
    const unlink = () => Promise.reject(new Error('input/output error'))
    const journal = await start({ storage: { ...storage, unlink } })
    const condemned = await condemnNew(journal)
    await expect(journal.removeCondemned(condemned)).rejects.toThrow('input/output error')
    expect(await rows()).toMatchObject([{ owner: null, claimed_at: now }])
    now += LEASE_MS
    await journal.sweep()
    expect(await rows()).toEqual([])
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })

  it('is left to the sweep if its removal cannot be flushed', async () => {
    const broken = breakStorage()
    const journal = await openJournal({ database, storage: broken, log })
    const condemned = await condemnNew(journal)
    await journal.removeCondemned(condemned)
    await journal.close()
    expect(logged).toEqual(['Journal rows of removed objects could not be deleted yet'])
    expect(await rows()).toMatchObject([{ owner: null, claimed_at: now }])
    // A power cut can bring the objects back.
    for (const key of condemned) await put(key)
    now += LEASE_MS
    await start()
    expect(await rows()).toEqual([])
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })
})

describe('sweep', () => {
  it('never touches rows of live processes, however old', async () => {
    const journal = await start()
    const key = await putNew(journal)
    const condemned = await putNew(journal)
    await database.write((trx) => journal.condemn(trx, [condemned]))
    const before = await rows()
    now += 100 * LEASE_MS
    const other = await start()
    await other.sweep()
    await journal.sweep()
    // Not even if its row in `owners` was lost.
    await database.write((trx) =>
      trx.deleteFrom('owners').where('id', '=', journal.owner).execute(),
    )
    await journal.sweep()
    expect(await rows()).toEqual(before)
    expect(await Array.fromAsync(storage.list())).toHaveLength(2)
    await take(journal, [key])
  })

  it('removes the objects of a dead process at once, and again after one lease', async () => {
    const dead = await start()
    const key = await putNew(dead)
    const condemned = await putNew(dead)
    await database.write((trx) => dead.condemn(trx, [condemned]))
    await kill(dead)

    const journal = await start()
    expect(await Array.fromAsync(storage.list())).toEqual([])
    expect(await rows()).toMatchObject([
      { owner: null, claimed_at: now },
      { owner: null, claimed_at: now },
    ])

    // A running write finishes late.
    await put(key)
    now += LEASE_MS - 1
    await journal.sweep()
    expect(await storage.size(key)).toBe(10)
    now += 1
    await journal.sweep()
    expect(await storage.size(key)).toBeUndefined()
    expect(await rows()).toEqual([])
    expect(await owners()).toEqual([journal.owner])
  })

  it.each([
    { rejected: true, putsComeLate: true, stays: true },
    { rejected: true, putsComeLate: false, stays: false },
    { rejected: false, putsComeLate: true, stays: false },
  ])('keeps the row if a put may come late: $stays', async ({ rejected, putsComeLate, stays }) => {
    const journal = await start({ storage: { ...storage, putsComeLate } })
    const key = newKey('originals', 'jpg')
    await journal.record([key])
    await journal.discard([key], { putFailed: rejected })
    expect(await rows()).toMatchObject(stays ? [{ key, owner: null, claimed_at: now }] : [])
    if (!stays) return

    await put(key)
    now += LEASE_MS
    await journal.sweep()
    expect(await storage.size(key)).toBeUndefined()
    expect(await rows()).toEqual([])
  })

  it('judges a process on another host by its lease', async () => {
    const remote = await start()
    const key = await putNew(remote)
    await moveElsewhere(remote)
    const journal = await start()

    now += LEASE_MS - 1
    await journal.sweep()
    expect(await storage.size(key)).toBe(10)
    now += 1
    await journal.sweep()
    expect(await storage.size(key)).toBeUndefined()
    await expect(take(remote, [key])).rejects.toThrow('to be taken')
  })

  it('takes rows of an unknown owner', async () => {
    const journal = await start()
    const key = newKey('originals', 'jpg')
    await database.write((trx) =>
      trx
        .insertInto('journal')
        .values({ key, owner: 'nobody', created_at: now, claimed_at: null })
        .execute(),
    )
    await put(key)
    await journal.sweep()
    expect(await storage.size(key)).toBeUndefined()
  })

  it('finishes the work of a sweep that died after claiming', async () => {
    const journal = await start()
    const key = newKey('originals', 'jpg')
    await put(key)
    await database.write((trx) =>
      trx
        .insertInto('journal')
        .values({ key, owner: null, created_at: now, claimed_at: now })
        .execute(),
    )
    await journal.sweep()
    expect(await rows()).toHaveLength(1)
    now += LEASE_MS
    await journal.sweep()
    expect(await rows()).toEqual([])
    expect(await storage.size(key)).toBeUndefined()
  })

  it.each(['unclaimed', 'claimed'])('never removes an object in use, %s', async (state) => {
    const journal = await start()
    const [original, variant] = [newKey('originals', 'jpg'), newKey('variants', 'webp')]
    for (const key of [original, variant]) await put(key)
    await database.write(async (trx) => {
      const { id } = await trx
        .insertInto('files')
        .values(fileRow(original))
        .returning('id')
        .executeTakeFirstOrThrow()
      await trx
        .insertInto('variants')
        .values({
          file_id: id,
          name: 'scaled',
          key: variant,
          sha256: '',
          size: 10,
          width: 1,
          height: 1,
        })
        .execute()
      for (const key of [original, variant]) {
        const claimed_at = state === 'claimed' ? now : null
        await trx
          .insertInto('journal')
          .values({ key, owner: null, created_at: now, claimed_at })
          .execute()
      }
    })
    now += LEASE_MS
    await journal.sweep()
    expect(await rows()).toEqual([])
    expect(await storage.size(original)).toBe(10)
    expect(await storage.size(variant)).toBe(10)
    expect(logged).toEqual(['The journal named objects that are in use; they stay'])

    await database.write((trx) => journal.condemn(trx, [original]))
    await journal.discard([original])
    expect(await storage.size(original)).toBe(10)
  })

  it('goes on past objects that cannot be removed', async () => {
    const dead = await start()
    const [first] = await putSome(dead, 120)
    await kill(dead)
    const remove: Storage['remove'] = async (some) => {
      await storage.remove(some.filter((key) => key !== first))
      if (some.some((key) => key === first)) throw new Error('input/output error')
    }
    const journal = await start({ storage: { ...storage, remove } })
    expect((await Array.fromAsync(storage.list())).map(({ key }) => key)).toEqual([first])
    now += LEASE_MS
    await journal.sweep()
    expect((await rows()).length).toBeLessThanOrEqual(100)
  })

  it('deletes owners that are gone after their lease is over', async () => {
    const dead = await start()
    await kill(dead)
    await database.write((trx) =>
      trx
        .insertInto('journal')
        .values({
          key: newKey('originals', 'jpg'),
          owner: null,
          created_at: now,
          claimed_at: now + LEASE_MS,
        })
        .execute(),
    )
    const journal = await start()
    // A lease that is not over may have been renewed a moment ago.
    expect(await owners()).toContain(dead.owner)
    now += LEASE_MS
    await journal.sweep()
    expect(await owners()).toEqual([journal.owner])
  })

  it('ends after its current batch when the journal closes', async () => {
    const dead = await start()
    await putSome(dead, 120)
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const remove: Storage['remove'] = async (keys) => {
      reached.resolve()
      await gate.promise
      await storage.remove(keys)
    }
    const journal = await openJournal({ database, storage: { ...storage, remove }, log })
    await kill(dead)
    void journal.sweep()
    await reached.promise
    const closed = vi.fn()
    const closing = journal.close().then(closed)
    await storage.check()
    expect(closed).not.toHaveBeenCalled()
    gate.resolve()
    await closing
    expect((await rows()).filter(({ claimed_at }) => claimed_at === null)).toHaveLength(20)
  })

  it('lets two processes sweep at once', async () => {
    const dead = await start()
    await putSome(dead, 250)
    await kill(dead)
    const again = await openDatabase(await locateDatabase(folder), () => now)
    open.push(again)
    const [one, other] = await Promise.all([start(), start({ database: again })])
    expect(await Array.fromAsync(storage.list())).toEqual([])
    now += LEASE_MS
    await Promise.all([one.sweep(), other.sweep()])
    expect(await rows()).toEqual([])
    expect(logged).toEqual([])
  })

  it('never removes an object that its owner takes at the same time', async () => {
    const again = await openDatabase(await locateDatabase(folder), () => now)
    open.push(again)
    const remote = await start({ database: again })
    const journal = await start()
    const keys = await putSome(remote, 150)
    await moveElsewhere(remote)
    now += LEASE_MS
    const takes = keys.toReversed().map((key) =>
      again.write(async (trx) => {
        await trx.insertInto('files').values(fileRow(key)).execute()
        await remote.take(trx, [key])
        return key
      }),
    )
    const [results] = await Promise.all([Promise.allSettled(takes), journal.sweep()])
    const taken = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const listed = (await Array.fromAsync(storage.list())).map(({ key }) => key)
    const put = keys.filter((_, index) => index % 20 === 0)
    expect(listed.sort()).toEqual(taken.filter((key) => put.includes(key)).sort())
    expect(logged).toEqual([])
    // Otherwise the sweep and the takes did not overlap.
    expect(taken.length).toBeGreaterThan(0)
    expect(taken.length).toBeLessThan(keys.length)
  })

  it('survives a database that does not answer', async () => {
    const journal = await start({
      database: {
        ...database,
        now: () => (now < 0 ? Promise.reject(new Error('gone')) : database.now()),
      },
    })
    now = -1
    await journal.sweep()
    expect(logged).toEqual(['The journal could not be swept'])
    now = 1_000_000
    await journal.sweep()
    expect(logged).toHaveLength(1)
  })
})

describe('lease', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is renewed while the process lives, and inserted again if it was deleted', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const journal = await start()
    const lease = async () => {
      const found = await database.read.selectFrom('owners').select('lease_until').execute()
      return found.map((row) => row.lease_until)
    }
    expect(await lease()).toEqual([now + LEASE_MS])
    now += 20_000
    vi.advanceTimersByTime(20_000)
    await expect.poll(lease).toEqual([now + LEASE_MS])

    await database.write((trx) => trx.deleteFrom('owners').execute())
    vi.advanceTimersByTime(20_000)
    await expect.poll(owners).toEqual([journal.owner])
  })

  it('is renewed together with a sweep', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const dead = await start()
    const key = await putNew(dead)
    await start()
    await kill(dead)
    vi.advanceTimersByTime(20_000)
    await expect.poll(() => storage.size(key)).toBeUndefined()
  })

  it('ends with the process', async () => {
    const journal = await openJournal({ database, storage, log })
    expect(await owners()).toEqual([journal.owner])
    await journal.close()
    expect(await owners()).toEqual([])
  })

  it('stays while the journal names its owner, so that the next process can judge', async () => {
    const journal = await openJournal({ database, storage, log })
    await putNew(journal)
    await journal.close()
    expect(await owners()).toEqual([journal.owner])
  })
})
