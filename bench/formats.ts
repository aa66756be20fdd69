/** Measures adding a HEIC, whose decoder needs a process for each file, against that decoder alone. */
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCommand, install } from '../test/install.ts'
import { type Comparison, medianRatio, summarize } from './comparison.ts'
import { keepPhotos, PHOTO_FOLDER } from './photos.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { ROUNDS } from './sizes.ts'
import { watchServer } from './watch-server.ts'

/** About that of a phone. */
const QUALITY = '50'

export async function* compare(): AsyncGenerator<Comparison> {
  const path = await keepHeic()
  const heic = readFileSync(path)
  const data = mkdtempSync(join(tmpdir(), 'vitrine-bench-formats-'))
  const server = await serveLibrary({ data, settings: {} })
  const watch = await watchServer(server.pid)
  const bare = fork(join(import.meta.dirname, 'bare-heic-process.ts'))
  try {
    const client = await signInTo(server)
    const times: number[] = []
    const limits: number[] = []
    const memories: number[] = []
    // The first round warms up the image process and the decoder alone.
    for (let round = 0; round <= ROUNDS; round++) {
      bare.send(path)
      const [limit] = await once(bare, 'message')
      const image = renewHeic(heic)
      const start = performance.now()
      const { result, taken } = await watch.during(() => client.add('Photo', [], image))
      const time = performance.now() - start
      if (result.status !== 200) throw new Error(`The HEIC was not added: ${result.status}`)
      if (round === 0) continue
      limits.push(limit)
      times.push(time)
      memories.push(taken.memory)
    }
    const what = 'add, HEIC of 12 megapixels'
    yield {
      what,
      engine: 'SQLite',
      measured: summarize(times, 'ms'),
      limit: { ...summarize(limits, 'ms'), by: 'libheif-js alone, loaded already' },
      ratio: medianRatio(times, limits),
      target: { of: 'ratio', most: 1.5 },
    }
    yield {
      what: `${what}: memory of all processes`,
      engine: 'SQLite',
      measured: summarize(memories, 'MB'),
    }
  } finally {
    bare.kill()
    await watch.close()
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  }
}

/** A photograph of 12 megapixels as a HEIC, which is made once. */
async function keepHeic(): Promise<string> {
  const path = join(PHOTO_FOLDER, 'photo-1.heic')
  if (existsSync(path)) return path
  await keepPhotos()
  install('heif-enc for the benchmark of HEIC', ['libheif-examples'], () =>
    Boolean(findCommand('heif-enc')),
  )
  const part = join(PHOTO_FOLDER, 'part.heic')
  const args = ['-q', QUALITY, '-o', part, join(PHOTO_FOLDER, 'photo-1.jpg')]
  if (spawnSync('heif-enc', args, { stdio: 'inherit' }).status !== 0) {
    throw new Error('heif-enc made no HEIC.')
  }
  renameSync(part, path)
  return path
}

let made = 0

/** The same picture as a different file: with a box at its end that programs pass over. */
function renewHeic(heic: Buffer): Buffer {
  const box = Buffer.from(
    `\0\0\0\x28free${process.pid} ${Date.now()} ${++made}`.padEnd(40),
    'latin1',
  )
  return Buffer.concat([heic, box])
}
