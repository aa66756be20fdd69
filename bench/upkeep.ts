/**
 * Measures the commands that read whole libraries, on a library whose objects all exist: their duration,
 * their peak memory, and the duration of lists from a server on the same library meanwhile.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ROOT } from '../test/harness.ts'
import { createDatabase, findPostgres, teardown } from '../test/postgres.ts'
import { hasS3Server, makeBucket, S3_CREDENTIALS, startS3Server } from '../test/s3-server.ts'
import type { Figures } from './comparison.ts'
import { pingDuring } from './pinger.ts'
import { findTree } from './processor-time.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, readCount } from './sizes.ts'
import { keepStoredLibrary } from './stored-library.ts'
import { readMemory } from './watch-server.ts'

const ON_DISK = readCount('VITRINE_BENCH_STORED', IS_FULL ? 300_000 : 1000)
/** The S3 server of the tests handles about 80 objects a second, so the whole library would take hours. */
const IN_BUCKET = readCount('VITRINE_BENCH_IN_BUCKET', Math.min(ON_DISK, 1500))
const SAMPLE_MS = 50
const PAGE = 50
/** How long lists are measured while no command runs. */
const IDLE_MS = 5000

type Settings = Readonly<Record<string, string>>

export async function* measure(): AsyncGenerator<Figures> {
  const data = await keepStoredLibrary(ON_DISK)
  const folder = mkdtempSync(`${data}-work-`)
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    const disk = { name: 'SQLite, disk', items: ON_DISK, data, settings: {} }
    yield await measureCommand(disk, 'nothing', [])
    yield await measureCommand(disk, 'doctor --quick', ['doctor', '--quick'])
    yield await measureCommand(disk, 'doctor', ['doctor'])
    yield await measureCommand(disk, 'backup', ['backup', join(folder, 'backup.tar')])
    rmSync(join(folder, 'backup.tar'), { force: true })
    // `copy` refuses a library in use.
    yield await measureAlone(disk, 'copy to a folder', ['copy', '--to-data', join(folder, 'copy')])
    rmSync(join(folder, 'copy'), { recursive: true, force: true })
    yield* measureGrown(folder)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

interface Place {
  name: string
  items: number
  data: string
  settings: Settings
}

/** Measures PostgreSQL and an S3 server, to which the library is copied first. */
async function* measureGrown(folder: string): AsyncGenerator<Figures> {
  if (!(await findPostgres()) || !hasS3Server()) {
    console.error('\nThere is no PostgreSQL or no S3 server: THEIR HALF IS LEFT OUT.\n')
    return
  }
  process.env.TMPDIR = folder
  const server = await startS3Server({ keysOfPage: 1000 })
  try {
    const data = join(folder, 'grown')
    mkdirSync(data)
    const database = await createDatabase(data)
    const bucket = await makeBucket(server)
    const source = {
      name: 'SQLite, disk',
      items: IN_BUCKET,
      data: await keepStoredLibrary(IN_BUCKET),
      settings: S3_CREDENTIALS,
    }
    yield await measureAlone(source, 'copy to PostgreSQL and S3', [
      'copy',
      ...['--to-database', database.url],
      ...['--to-storage', bucket],
    ])
    const settings = {
      ...S3_CREDENTIALS,
      VITRINE_DATABASE_URL: database.url,
      VITRINE_STORAGE_URL: bucket,
    }
    const grown = { name: 'PostgreSQL, S3', items: IN_BUCKET, data, settings }
    yield await measureCommand(grown, 'nothing', [])
    yield await measureCommand(grown, 'doctor --quick', ['doctor', '--quick'])
    yield await measureCommand(grown, 'doctor', ['doctor'])
    yield await measureCommand(grown, 'backup', ['backup', join(folder, 'backup.tar')])
  } finally {
    await server.stop()
    await teardown()
  }
}

/** Runs a command while a client requests random pages from a server on the same library. */
async function measureCommand(
  place: Place,
  what: string,
  args: readonly string[],
): Promise<Figures> {
  const server = await serveLibrary(place)
  try {
    const { cookie } = await signInTo(server)
    const offsets = shuffled(Math.max(1, place.items - PAGE), 10_000, 1)
    let turn = 0
    const next = () => `/media?limit=${PAGE}&offset=${offsets[turn++ % offsets.length]}`
    const work = () =>
      args.length === 0
        ? new Promise<undefined>((resolve) => setTimeout(resolve, IDLE_MS, undefined))
        : run(place, args)
    const { result, p50, p99, most } = await pingDuring(
      { url: server.url, headers: { cookie }, next },
      work,
    )
    return {
      ...describe(place, what, result),
      'lists meanwhile: median (ms)': round(p50),
      '99th percentile (ms)': round(p99),
      'longest (ms)': round(most),
    }
  } finally {
    await server.stop()
  }
}

const measureAlone = async (place: Place, what: string, args: readonly string[]) =>
  describe(place, what, await run(place, args))

const describe = ({ name, items }: Place, what: string, ran?: Ran): Figures => ({
  items,
  library: name,
  command: what,
  ...(ran && { 'time (s)': round(ran.seconds), 'memory (MB)': round(ran.memory) }),
})

const round = (value: number) => Number(value.toPrecision(3))

interface Ran {
  seconds: number
  /** Peak memory of the processes of the command. */
  memory: number
}

async function run({ data, settings }: Place, args: readonly string[]): Promise<Ran> {
  const start = performance.now()
  const child = spawn(process.execPath, ['vitrine.mjs', ...args, '--data', data], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { pid = 0 } = child
  let memory = 0
  const sampling = setInterval(() => {
    memory = Math.max(memory, readMemory(findTree(pid)))
  }, SAMPLE_MS)
  try {
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${output}`)
    console.log(output.trim().split('\n').at(-1))
    return { seconds: (performance.now() - start) / 1000, memory }
  } finally {
    clearInterval(sampling)
  }
}
