import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Database, openDatabase } from '../src/database/database.ts'
import { locateDatabase } from './postgres.ts'

/** A fresh database that goes when the test is finished. */
export async function openTemporaryDatabase(clock?: () => number): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-database-'))
  const database = await openDatabase(await locateDatabase(folder), clock)
  onTestFinished(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })
  return database
}
