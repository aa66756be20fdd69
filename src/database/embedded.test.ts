import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { askWithin, type Database, openDatabase } from './database.ts'

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'vitrine-embedded-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function open(path: string): Promise<Database> {
  const database = await openDatabase(path)
  onTestFinished(() => database.close())
  return database
}

const setSecret = (database: Database, value: string) =>
  database.write((trx) =>
    trx.updateTable('secrets').set({ value }).where('name', '=', 'delivery').execute(),
  )

describe('the number of changes of an embedded database', () => {
  it('stays while nobody commits, and is another one when anybody has', async () => {
    const path = join(folder(), 'vitrine.db')
    const database = await open(path)
    const other = await open(path)
    const first = database.changes()
    expect(first).toEqual(expect.any(Number))
    await other.read.selectFrom('secrets').selectAll().execute()
    expect(database.changes()).toBe(first)

    await setSecret(database, 'by this connection')
    const second = database.changes()
    expect(second).not.toBe(first)
    await setSecret(other, 'by another')
    await new Promise(setImmediate)
    expect(database.changes()).not.toBe(second)
  })

  it('stays when a transaction is rolled back', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const before = database.changes()
    const failed = database.write(async (trx) => {
      await trx.updateTable('secrets').set({ value: 'never' }).execute()
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(database.changes()).toBe(before)
  })
})

describe('a write transaction of an embedded database', () => {
  it('waits for the one before, however that ends', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const events: string[] = []
    const write = (name: string, fails = false) =>
      database.write(async (trx) => {
        events.push(`${name} begins`)
        await trx.updateTable('secrets').set({ value: name }).execute()
        await new Promise(setImmediate)
        events.push(`${name} ends`)
        if (fails) throw new Error('no')
      })
    const first = write('first')
    const second = write('second', true)
    const third = write('third')
    await expect(second).rejects.toThrow('no')
    await Promise.all([first, third])
    expect(events).toEqual([
      ...['first begins', 'first ends', 'second begins', 'second ends'],
      ...['third begins', 'third ends'],
    ])
    const { value } = await database.read
      .selectFrom('secrets')
      .select('value')
      .limit(1)
      .executeTakeFirstOrThrow()
    expect(value).toBe('third')
  })

  it('leaves reads a turn, however many wait', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const writes = Array.from({ length: 5 }, () => setSecret(database, 'again'))
    let done = 0
    for (const write of writes) void write.then(() => (done += 1))
    await new Promise(setImmediate)
    expect(done).toBeLessThan(5)
    await Promise.all(writes)
  })

  it('commits, rolls back and goes on after a row whose id is past 2^53', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    // As deleting from the search index leaves it behind.
    const insertFar = sql`INSERT INTO audit_retention VALUES (9007199254740995, 0)`
    const far = await database.write(async (trx) => (await insertFar.execute(trx)).insertId)
    expect(far).toBe(9007199254740995n)
    const failed = database.write(async (trx) => {
      await trx.deleteFrom('secrets').execute()
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    await setSecret(database, 'committed')
    expect(
      await database.read
        .selectFrom('secrets')
        .select('value')
        .where('name', '=', 'delivery')
        .execute(),
    ).toEqual([{ value: 'committed' }])
  })

  it('takes no query once it is over, in whatever way it is asked', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const kept = await database.write(async (trx) => ({ trx }))
    const query = kept.trx.deleteFrom('secrets')
    await expect(query.execute()).rejects.toThrow('The transaction is over.')
    await expect(askWithin(kept.trx)(query.compile())).rejects.toThrow('The transaction is over.')
    expect(await database.read.selectFrom('secrets').selectAll().execute()).not.toEqual([])
  })

  it('reads what it wrote, which nobody else does before it is committed', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const query = database.read
      .selectFrom('secrets')
      .select('value')
      .where('name', '=', '')
      .compile()
    await database.write(async (trx) => {
      await trx.updateTable('secrets').set({ value: 'new' }).execute()
      expect(await askWithin(trx)(query, 'delivery')).toEqual([{ value: 'new' }])
      expect(await database.ask(query, 'delivery')).not.toEqual([{ value: 'new' }])
    })
    expect(await database.ask(query, 'delivery')).toEqual([{ value: 'new' }])
  })
})
