import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makePng, makeSlowGif } from '../../../test/fixtures.ts'
import { Refusal } from './tasks.ts'
import { createWorkerPool, type WorkerPool } from './worker-pool.ts'
import type { ImageWorker } from './worker-process.ts'

const limits = { seconds: 20, memoryBytes: 1024 ** 3 }
const first = { priority: 0 }

let folder: string
let path: string
let pool: WorkerPool

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-workers-'))
  path = join(folder, 'image.png')
  await writeFile(path, await makePng())
  pool = createWorkerPool({ size: 2, queue: 10, limits })
})
afterEach(async () => {
  await pool.close()
  await rm(folder, { recursive: true })
})

const readHeader = (worker: ImageWorker) => worker.run('readHeader', { path })

/** Kills a worker during a task, from outside of its parent's control. */
const useAndKill = (signal: NodeJS.Signals) =>
  pool.use(async (worker) => {
    await readHeader(worker)
    const { pid = 0 } = worker
    // Stopped first, or it could finish before it is killed.
    process.kill(pid, 'SIGSTOP')
    const task = readHeader(worker)
    process.kill(pid, signal)
    process.kill(pid, 'SIGCONT')
    return task
  }, first)

describe('a pool of workers', () => {
  it('starts a process at first use, and reuses it', async () => {
    expect(pool.alive).toBe(0)
    const pids = [1, 2, 3].map(() =>
      pool.use(async (worker) => {
        await readHeader(worker)
        return worker.pid
      }, first),
    )
    expect(new Set(await Promise.all(pids)).size).toBe(2)
    expect(pool.alive).toBe(2)
  })

  it('treats a crash as a fault of that file only', async () => {
    const other = pool.use(readHeader, first)
    await expect(useAndKill('SIGSEGV')).rejects.toBeInstanceOf(Refusal)
    expect(await other).toMatchObject({ format: 'png' })
    expect(await pool.use(readHeader, first)).toMatchObject({ format: 'png' })
  })

  it('does not treat a kill from outside as a fault of the file', async () => {
    const killed = useAndKill('SIGKILL')
    await expect(killed).rejects.toThrow('ended with SIGKILL')
    await expect(killed).rejects.not.toBeInstanceOf(Refusal)
    expect(await pool.use(readHeader, first)).toMatchObject({ format: 'png' })
  })

  it('says when a worker cannot start', async () => {
    const stillborn = pool.use((worker) => {
      process.kill(worker.pid ?? 0, 'SIGKILL')
      return readHeader(worker)
    }, first)
    await expect(stillborn).rejects.toThrow('could not start')
  })

  it('ignores the signals that end the server', async () => {
    await pool.use(async (worker) => {
      await readHeader(worker)
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
        process.kill(worker.pid ?? 0, signal)
      }
      expect(await readHeader(worker)).toMatchObject({ format: 'png' })
    }, first)
  })

  it('ends idle workers', async () => {
    const brief = createWorkerPool({ size: 1, queue: 0, limits, idleMs: 1 })
    await brief.use(readHeader, first)
    await vi.waitUntil(() => brief.alive === 0, { timeout: 30_000 })
    expect(await brief.use(readHeader, first)).toMatchObject({ format: 'png' })
    await brief.close()
  })

  it('leaves no worker when its process is killed, not even one at work', async () => {
    await writeFile(path, await makeSlowGif())
    const module = new URL('./worker-pool.ts', import.meta.url)
    const script = `
      import { createWorkerPool } from '${module}'
      const [path, folder] = ${JSON.stringify([path, folder])}
      const pool = createWorkerPool(${JSON.stringify({ size: 1, queue: 0, limits })})
      await pool.use(async (worker) => {
        const header = await worker.run('readHeader', { path })
        console.log('working')
        await worker.run('process', { path, folder, header })
      }, { priority: 0 })`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await once(parent.stdout, 'data')
    parent.kill('SIGKILL')
    // The worker holds the other end of its standard error.
    await once(parent.stderr.resume(), 'close')
    expect(await readdir(folder)).toEqual(['image.png'])
  })

  it.runIf(process.platform === 'linux')(
    'has a system limit slightly above its memory limit',
    async () => {
      await pool.use(async (worker) => {
        await readHeader(worker)
        const rows = readFileSync(`/proc/${worker.pid}/limits`, 'utf8').split('\n')
        const [limit] = rows.find((row) => row.startsWith('Max data size'))?.match(/\d+/) ?? []
        expect(Number(limit)).toBe(limits.memoryBytes + 1024 ** 3)
      }, first)
    },
  )

  it.runIf(process.platform === 'linux')(
    'runs at low priority and without the environment of the server',
    async () => {
      await pool.use(async (worker) => {
        await readHeader(worker)
        const threads = readdirSync(`/proc/${worker.pid}/task`)
        const niceness = threads.map((id) => {
          // The 17th field after the name in parentheses; see proc_pid_stat(5).
          const stat = readFileSync(`/proc/${worker.pid}/task/${id}/stat`, 'utf8')
          return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]
        })
        expect(new Set(niceness)).toEqual(new Set(['15']))
        const environment = readFileSync(`/proc/${worker.pid}/environ`, 'utf8').split('\0')
        const names = environment.filter(Boolean).map((entry) => entry.split('=')[0])
        const isNodes = /^NODE_(?:CHANNEL_\w+|COMPILE_CACHE)$/
        expect(names.filter((name = '') => !isNodes.test(name))).toEqual(['MALLOC_ARENA_MAX'])
      }, first)
    },
  )
})
