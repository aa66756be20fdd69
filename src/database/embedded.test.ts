import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Database } from './database.ts'
import { openDatabase } from './open.ts'
import { type Parameter, prepare, runIn } from './prepared.ts'

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

describe('the change token of an embedded database', () => {
  it('stays the same until any connection commits, and then changes', async () => {
    const path = join(folder(), 'vitrine.db')
    const database = await open(path)
    const other = await open(path)
    const first = database.changeToken()
    expect(first).toEqual(expect.any(Number))
    await other.read.selectFrom('secrets').selectAll().execute()
    expect(database.changeToken()).toBe(first)

    await setSecret(database, 'by this connection')
    const second = database.changeToken()
    expect(second).not.toBe(first)
    await setSecret(other, 'by another')
    await new Promise(setImmediate)
    expect(database.changeToken()).not.toBe(second)
  })

  it('stays the same when a transaction is rolled back', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const before = database.changeToken()
    const failed = database.write(async (trx) => {
      await trx.updateTable('secrets').set({ value: 'never' }).execute()
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(database.changeToken()).toBe(before)
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

  it('gives reads a turn, however many writes wait', async () => {
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
    // Deleting from the search index leaves such an id behind.
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

  it('refuses queries once it is over, in whatever way they are run', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const kept = await database.write(async (trx) => ({ trx }))
    const removeSecrets = prepare((db) => db.deleteFrom('secrets').compile())
    await expect(kept.trx.deleteFrom('secrets').execute()).rejects.toThrow(
      'The transaction is over.',
    )
    await expect(runIn(kept.trx, removeSecrets)).rejects.toThrow('The transaction is over.')
    expect(await database.read.selectFrom('secrets').selectAll().execute()).not.toEqual([])
  })

  it('sees its own writes, which nothing else sees before the commit', async () => {
    const database = await open(join(folder(), 'vitrine.db'))
    const findSecret = prepare((db, name: Parameter<string>) =>
      db.selectFrom('secrets').select('value').where('name', '=', name).compile(),
    )
    await database.write(async (trx) => {
      await trx.updateTable('secrets').set({ value: 'new' }).execute()
      expect(await runIn(trx, findSecret, 'delivery')).toEqual([{ value: 'new' }])
      expect(await database.run(findSecret, 'delivery')).not.toEqual([{ value: 'new' }])
    })
    expect(await database.run(findSecret, 'delivery')).toEqual([{ value: 'new' }])
  })
})
