import { copyFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Database, type DatabaseLocation, openDatabase } from '../src/database/database.ts'
import { makeDataFolder } from './harness.ts'
import { createDatabase, onPostgres } from './postgres.ts'

/** A fresh database that goes when the test is finished. */
export async function openTemporaryDatabase(clock?: () => number): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-database-'))
  const database = await openDatabase(await copyOfNew(folder), clock)
  onTestFinished(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })
  return database
}

let newDatabase: Promise<DatabaseLocation> | undefined

/** A database with its tables and nothing in them: these are made once in a test file, which takes long. */
async function copyOfNew(folder: string): Promise<DatabaseLocation> {
  newDatabase ??= makeNew()
  const source = await newDatabase
  if (typeof source !== 'string') return createDatabase(folder, source)
  const copy = join(folder, 'vitrine.db')
  copyFileSync(source, copy)
  return copy
}

async function makeNew(): Promise<DatabaseLocation> {
  // It stays until the process ends: which of its test files share this module is not theirs to know.
  const folder = makeDataFolder()
  const location = onPostgres ? await createDatabase(folder) : join(folder, 'vitrine.db')
  await (await openDatabase(location)).close()
  return location
}
