import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureBareSharp } from './bare-sharp.ts'
import { type Comparison, summarize } from './comparison.ts'
import { keepPhotos, renewPhoto } from './photos.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { ROUNDS } from './sizes.ts'
import { watchServer } from './watch-server.ts'

const AT_ONCE = 50

/**
 * Measures many concurrent requests for a `high` image that does not exist yet, against a single request
 * for another one.
 */
export async function* makeUnmadeHigh(): AsyncGenerator<Comparison> {
  const photos = await keepPhotos()
  const data = mkdtempSync(join(tmpdir(), 'vitrine-bench-high-'))
  const server = await serveLibrary({ data, settings: {} })
  const watch = await watchServer(server.pid)
  try {
    const client = await signInTo(server)
    const ask = async (count: number) => {
      const [photo] = photos
      if (!photo) throw new Error('There is no photograph.')
      const { body } = await client.add('Photo', [], renewPhoto(photo))
      const path = `/media/image/${body.media.id}/high`
      const { result, taken } = await watch.during(async () => {
        const start = performance.now()
        const answers = await Promise.all(Array.from({ length: count }, () => client.get(path)))
        const right = answers.filter(
          ({ status, bytes }) => status === 200 && bytes.equals(answers[0]?.bytes ?? bytes),
        )
        return { answered: right.length, time: performance.now() - start }
      })
      return { ...result, ...taken }
    }
    // Starts the worker process.
    await ask(1)
    const [many, single]: {
      answered: number
      time: number
      processor: number
      memory: number
    }[][] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      single?.push(await ask(1))
      many?.push(await ask(AT_ONCE))
    }
    const bare = await measureBareSharp(photos.slice(0, 1), {
      variant: 'high',
      count: ROUNDS,
      parallel: 1,
    })
    const engine = 'SQLite'
    const memory = Math.max(...(many ?? []).map(({ memory }) => memory))
    yield {
      what: `high not yet made, ${AT_ONCE} at once: answered, with the same image`,
      engine,
      measured: summarize(
        (many ?? []).map(({ answered }) => answered),
        'answers',
      ),
      target: { of: 'measured', least: AT_ONCE },
      memory,
    }
    yield {
      what: 'the same: processor time, of which one render is the most',
      engine,
      measured: summarize(
        (many ?? []).map(({ processor }) => processor),
        'ms',
      ),
      limit: {
        ...summarize(
          (single ?? []).map(({ processor }) => processor),
          'ms',
        ),
        by: 'one asks',
      },
      ratio:
        summarize(
          (many ?? []).map(({ processor }) => processor),
          '',
        ).median /
        summarize(
          (single ?? []).map(({ processor }) => processor),
          '',
        ).median,
      target: { of: 'ratio', most: 1.5 },
    }
    const times = summarize(
      (many ?? []).map(({ time }) => time),
      'ms',
    )
    yield {
      what: 'the same: until all are answered',
      engine,
      measured: times,
      limit: { ...summarize(bare.times, 'ms'), by: 'bare sharp' },
      ratio: times.median / summarize(bare.times, '').median,
    }
  } finally {
    await watch.close()
    await server.stop()
    rmSync(data, { recursive: true })
  }
}
