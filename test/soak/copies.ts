import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { DatabaseLocation } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { countRows } from '../../src/transfer/contents.ts'
import { expectConsistent } from '../consistency.ts'
import { makeDataFolder, type Settings, startCli, withoutProgress } from '../harness.ts'
import { hasOwnPostgres, startOwnPostgres } from '../own-postgres.ts'
import { hasS3Server, makeBucket, S3_CREDENTIALS, startS3Server } from '../s3-server.ts'
import { stockLibrary } from '../stock-library.ts'
import type { Row, Times } from './part.ts'

const ITEMS = 10_000
/** Kills per direction. */
const KILLS = 2
const POLL_MS = 200

export const missing = (): string | undefined => {
  if (!hasOwnPostgres()) return 'there are no programs of PostgreSQL'
  return hasS3Server() ? undefined : 'there is no OpenStack Swift'
}

/** Moves a library to PostgreSQL and S3 and back, and kills the copy in both directions. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const [postgres, bucket] = await Promise.all([startOwnPostgres(), startS3Server()])
  try {
    const items = Math.max(100, times(ITEMS))
    const [data, home] = [makeDataFolder(), makeDataFolder()]
    await stockLibrary(data, items)
    const before = await expectConsistent(data)
    const storage = await makeBucket(bucket)
    const there = {
      ...S3_CREDENTIALS,
      VITRINE_DATABASE_URL: postgres.url,
      VITRINE_STORAGE_URL: storage,
    }
    yield {
      fault: `a copy of ${items} items to PostgreSQL and S3 is killed`,
      ...(await copy(data, ['--to-database', postgres.url, '--to-storage', storage], {
        settings: S3_CREDENTIALS,
        target: { url: postgres.url, connections: 4 },
        items,
      })),
    }
    yield {
      fault: `a copy of ${items} items from there to a data folder is killed`,
      ...(await copy(makeDataFolder(), ['--to-data', home], {
        settings: there,
        target: `${home}/vitrine.db`,
        items,
      })),
    }
    // Every hash, id and row is unchanged.
    expect(await expectConsistent(home)).toEqual(before)
  } finally {
    await Promise.all([postgres.close(), bucket.stop()])
  }
}

/** Runs the command several times: it is killed at random, and the last run completes. */
async function copy(
  data: string,
  to: readonly string[],
  { settings, target, items }: { settings: Settings; target: DatabaseLocation; items: number },
) {
  const start = performance.now()
  const begin = () => startCli(data, ['copy', ...to], { settings })
  const database = await openDatabase(target, undefined, { unfinished: true })
  const countFiles = () => countRows(database.read, 'files')
  for (let kill = 1; kill <= KILLS; kill++) {
    const rows = Math.ceil(((kill - Math.random()) * items) / (KILLS + 1))
    const { process: child } = await begin()
    const exited = once(child, 'exit')
    while ((await countFiles()) < rows) {
      expect(child.exitCode, 'It has ended before it was killed.').toBeNull()
      await sleep(POLL_MS)
    }
    child.kill('SIGKILL')
    await exited
    console.log(`  killed with ${await countFiles()} files at the target`)
  }
  await database.close()
  const last = performance.now()
  const { code, stdout, stderr } = await (await begin()).ended
  expect({ code, said: withoutProgress(stderr) }).toEqual({ code: 0, said: '' })
  console.log(stdout.trim().replaceAll(/^/gm, '  '))
  const seconds = (from: number) => `${Math.round((performance.now() - from) / 1000)} s`
  return {
    injected: 'SIGKILL at random instants; the same command again',
    times: KILLS,
    lost: 'nothing, by the SHA-256 of every object',
    recovery: `the rest in ${seconds(last)}, all in ${seconds(start)}`,
  }
}
