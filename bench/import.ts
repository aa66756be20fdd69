/** Measures `vitrine import`, and the insertion of its rows. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ROOT } from '../test/harness.ts'
import { measureBareSharp } from './bare-sharp.ts'
import { type Comparison, medianRatio, summarize } from './comparison.ts'
import { fillAnew } from './library.ts'
import { keepPhotos, renewPhoto } from './photos.ts'
import { readTime } from './processor-time.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'

const PHOTOS = IS_FULL ? 200 : 24
const MOST_SECONDS = 60

export async function* compare(): AsyncGenerator<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-import-'))
  try {
    yield await compareFolder(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
  const before = process.cpuUsage()
  const seconds = await fillAnew(ITEMS)
  const { user, system } = process.cpuUsage(before)
  yield {
    what: `${ITEMS.toLocaleString('en')} rows with all that is derived from them`,
    engine: 'SQLite',
    measured: summarize([seconds], 's'),
    target: { of: 'measured', most: MOST_SECONDS },
    note: `${((user + system) / 1e6).toFixed(1)} s of processor time`,
  }
}

async function compareFolder(folder: string): Promise<Comparison> {
  const photos = await keepPhotos()
  const images = join(folder, 'images')
  mkdirSync(images)
  for (let index = 0; index < PHOTOS; index++) {
    const photo = photos[index % photos.length]
    if (photo) writeFileSync(join(images, `Photo ${index}.jpg`), renewPhoto(photo))
  }
  const rates: number[] = []
  const limits: number[] = []
  const processor: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    limits.push((await measureBareSharp(images, { variant: 'scaled', count: PHOTOS })).rate)
    const before = readTime(process.pid)
    rates.push(await importInto(join(folder, `data-${round}`), images))
    // The child processes have ended, so their time counts for this process.
    processor.push((readTime(process.pid) - before) / PHOTOS)
    rmSync(join(folder, `data-${round}`), { recursive: true })
  }
  return {
    what: 'import of a folder of JPEGs of 12 megapixels, its start included',
    engine: 'SQLite',
    measured: summarize(rates, '/s'),
    limit: { ...summarize(limits, '/s'), by: 'bare sharp' },
    ratio: medianRatio(rates, limits),
    target: { of: 'ratio', least: 0.9 },
    processor: summarize(processor, 'ms').median,
  }
}

/** @returns images a second */
async function importInto(data: string, images: string): Promise<number> {
  const start = performance.now()
  const child = spawn(process.execPath, ['vitrine.mjs', 'import', images], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, VITRINE_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0 || !output.includes(`${PHOTOS} added`)) {
    throw new Error(`The import ended with ${code}: ${output}`)
  }
  return PHOTOS / ((performance.now() - start) / 1000)
}
