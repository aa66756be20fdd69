import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findCommand, install } from '../test/install.ts'
import { percentile } from './comparison.ts'
import { openSequential } from './sequential.ts'

/**
 * The load comes from wrk: for the same requests it takes a tenth of the processor time of a generator
 * in JavaScript, and what it takes is missing beside it on a machine of two cores.
 */
export const findWrk = (): string => {
  install('wrk for benchmarks', ['wrk'], () => findCommand('wrk') !== undefined)
  const wrk = findCommand('wrk')
  if (!wrk) throw new Error('These benchmarks need wrk.')
  return wrk
}

export const CONNECTIONS = 16

export interface Load {
  /** Answers a second. */
  rate: number
  requests: number
  /** Milliseconds until an answer was there. */
  p50: number
  p99: number
}

/**
 * Asks as fast as answers come.
 * @param paths asked for in turn
 * @throws Error if any answer is over 399, or none
 */
export async function load(
  url: string,
  {
    paths,
    headers = {},
    seconds,
    connections = CONNECTIONS,
  }: {
    paths: readonly string[]
    headers?: Readonly<Record<string, string>>
    seconds: number
    connections?: number
  },
): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-'))
  try {
    const files = { BENCH_PATHS: join(folder, 'paths'), BENCH_HEADERS: join(folder, 'headers') }
    writeFileSync(files.BENCH_PATHS, `${paths.join('\n')}\n`)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`)
    writeFileSync(files.BENCH_HEADERS, lines.join(''))
    const { stdout } = await promisify(execFile)(
      findWrk(),
      [
        ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '20s'],
        ...['-s', join(import.meta.dirname, 'wrk.lua'), url],
      ],
      { env: { ...process.env, ...files } },
    )
    const told = JSON.parse(stdout.slice(stdout.lastIndexOf('{')))
    if (told.failed > 0 || told.requests === 0) {
      throw new Error(`Of ${told.requests} requests to ${url}${paths[0]}, ${told.failed} failed.`)
    }
    return {
      rate: told.requests / (told.microseconds / 1e6),
      requests: told.requests,
      p50: told.p50 / 1000,
      p99: told.p99 / 1000,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Asks for each path once, by a client of this process: wrk does not end by itself. For what takes much
 * longer than a client does.
 */
export async function loadOnce(url: string, paths: readonly string[]): Promise<Load> {
  const times: number[] = []
  let next = 0
  const start = performance.now()
  const work = async () => {
    const connection = await openSequential(url)
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      times.push(await connection.time({ path }))
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  const seconds = (performance.now() - start) / 1000
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  return { rate: paths.length / seconds, requests: paths.length, p50, p99 }
}
