import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Database, openDatabase } from './database.ts'

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
