import { copyFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Database, DatabaseLocation } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { makeDataFolder } from './harness.ts'
import { createDatabase, dropDatabase, onPostgres } from './postgres.ts'

/** Opens a fresh database, which is removed when the test finishes. */
export async function openTemporaryDatabase(clock?: () => number): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-database-'))
  const location = await copyOfNew(folder)
  const database = await openDatabase(location, clock)
  onTestFinished(async () => {
    await database.close()
    if (typeof location !== 'string') await dropDatabase(location)
    rmSync(folder, { recursive: true })
  })
  return database
}

let newDatabase: Promise<DatabaseLocation> | undefined

/**
 * Copies an empty database with all tables. The tables are made once in a test file, because that takes
 * long.
 */
async function copyOfNew(folder: string): Promise<DatabaseLocation> {
  newDatabase ??= makeNew()
  const source = await newDatabase
  if (typeof source !== 'string') return createDatabase(folder, source)
  const copy = join(folder, 'vitrine.db')
  copyFileSync(source, copy)
  return copy
}

async function makeNew(): Promise<DatabaseLocation> {
  // The folder stays until the process ends, since several test files may share this module.
  const folder = makeDataFolder()
  const location = onPostgres ? await createDatabase(folder) : join(folder, 'vitrine.db')
  await (await openDatabase(location)).close()
  return location
}
