import { copyFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { type Database, type DatabaseLocation, openDatabase } from '../src/database/database.ts'
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
let newFolder: string | undefined
afterAll(() => {
  if (newFolder) rmSync(newFolder, { recursive: true })
})

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
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-database-'))
  newFolder = folder
  const location = onPostgres ? await createDatabase(folder) : join(folder, 'vitrine.db')
  await (await openDatabase(location)).close()
  return location
}
