import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findCommand, install } from '../test/install.ts'
import { percentile } from './comparison.ts'
import { openSequential } from './sequential.ts'

/**
 * wrk generates the load. It needs a tenth of the processor time of a generator in JavaScript, and on a
 * machine of two cores the server lacks the time that the generator takes.
 */
export const findWrk = (): string => {
  install('wrk for benchmarks', ['wrk'], () => findCommand('wrk') !== undefined)
  const wrk = findCommand('wrk')
  if (!wrk) throw new Error('These benchmarks need wrk.')
  return wrk
}

export const CONNECTIONS = 16

export interface Load {
  /** Responses per second. */
  rate: number
  requests: number
  /** Responses over 399. */
  refused: number
  /** Milliseconds until the response was complete. */
  p50: number
  p99: number
}

/**
 * Sends each next request as soon as a response arrives.
 * @param paths requested in turn
 * @throws Error if a response is over 399, unless `mayRefuse`; if one lacks, or if there is none
 */
export async function load(
  url: string,
  {
    paths,
    headers = {},
    seconds,
    connections = CONNECTIONS,
    mayRefuse = false,
  }: {
    paths: readonly string[]
    headers?: Readonly<Record<string, string>>
    seconds: number
    connections?: number
    mayRefuse?: boolean
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
    const result = JSON.parse(stdout.slice(stdout.lastIndexOf('{')))
    const failed = result.failed + (mayRefuse ? 0 : result.refused)
    if (failed > 0 || result.requests === 0) {
      throw new Error(`Of ${result.requests} requests to ${url}${paths[0]}, ${failed} failed.`)
    }
    return {
      rate: result.requests / (result.microseconds / 1e6),
      requests: result.requests,
      refused: result.refused,
      p50: result.p50 / 1000,
      p99: result.p99 / 1000,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Requests each path once, with a client in this process, because wrk has no end of its own. For responses
 * that take the server much longer than the client.
 *
 * @param options.apart whether each connection comes from an address of its own, as those of different people
 */
export async function loadOnce(
  url: string,
  paths: readonly string[],
  { connections = CONNECTIONS, apart = false } = {},
): Promise<Load> {
  const times: number[] = []
  let next = 0
  const start = performance.now()
  const work = async (_: unknown, index: number) => {
    const connection = await openSequential(url, {}, apart ? `127.0.1.${index + 1}` : undefined)
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      times.push(await connection.time({ path }))
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, work))
  const seconds = (performance.now() - start) / 1000
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  return { rate: paths.length / seconds, requests: paths.length, refused: 0, p50, p99 }
}
