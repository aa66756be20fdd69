import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../database/open.ts'
import { openDiskStorage } from '../disk.ts'
import { openJournal } from './journal.ts'

const fixture = new URL('crash.fixture.ts', import.meta.url).pathname
const log = pino({ level: 'silent' })

/** Runs a scenario in a process that kills itself at the given step. */
async function runAndKill(
  data: string,
  scenario: string,
  step: number,
): Promise<'done' | 'killed'> {
  const child = spawn(process.execPath, [fixture, data, scenario, String(step)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (signal === 'SIGKILL') return 'killed'
  expect({ output, code }).toEqual({ output: 'done', code: 0 })
  return 'done'
}

/** Opens a journal after the kill. Returns the library after the first sweep, and the rows after one lease. */
async function recover(data: string) {
  let now = Date.now()
  const database = await openDatabase(join(data, 'library.db'), () => now)
  const storage = await openDiskStorage(join(data, 'files'))
  const journal = await openJournal({ database, storage, log })
  const listed = await Array.fromAsync(storage.list())
  const files = await database.read.selectFrom('files').select('key').execute()

  now += 120_000
  await journal.sweep()
  const rows = await database.read.selectFrom('journal').selectAll().execute()
  await journal.close()
  const owners = await database.read.selectFrom('owners').selectAll().execute()
  await database.close()
  return { listed, files, left: { rows, owners } }
}

async function testStep(scenario: 'add' | 'delete', step: number) {
  const data = await mkdtemp(join(tmpdir(), 'vitrine-crash-'))
  try {
    const outcome = await runAndKill(data, scenario, step)
    const { listed, files, left } = await recover(data)
    // Every file has its row, and every row has its complete file.
    expect(listed).toEqual(files.map(({ key }) => ({ key, size: 10 })))
    expect(left).toEqual({ rows: [], owners: [] })
    return { outcome, kept: files.length === 1 }
  } finally {
    await rm(data, { recursive: true })
  }
}

/** Kills at every step in turn, two processes at a time, until one runs to its end. */
async function testEveryStep(scenario: 'add' | 'delete') {
  const results = []
  for (let step = 1; results.at(-1)?.outcome !== 'done'; step += 2) {
    results.push(...(await Promise.all([testStep(scenario, step), testStep(scenario, step + 1)])))
  }
  const killed = results.filter(({ outcome }) => outcome === 'killed')
  return { killed: killed.length, kept: results.map(({ kept }) => kept) }
}

describe('a process killed at any step', () => {
  it('of an add leaves the whole item or nothing', { timeout: 60_000 }, async () => {
    const { killed, kept } = await testEveryStep('add')
    expect(killed).toBeGreaterThanOrEqual(12)
    // Never kept before the commit, and always kept after it.
    expect(kept).toEqual([...kept].sort())
    expect(kept[0]).toBe(false)
    expect(kept[killed]).toBe(true)
  })

  it('of a delete leaves the whole item or nothing', { timeout: 60_000 }, async () => {
    const { killed, kept } = await testEveryStep('delete')
    expect(killed).toBeGreaterThanOrEqual(8)
    expect(kept).toEqual([...kept].sort().reverse())
    expect(kept[0]).toBe(true)
    expect(kept[killed]).toBe(false)
  })
})
