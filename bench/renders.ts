/** Measures images that are made when they are asked for, against bare sharp and IPX, which make the same ones. */
import { join } from 'node:path'
import { openBareRenders } from './bare-renders.ts'
import { type Comparison, medianRatio, summarize } from './comparison.ts'
import { IPX, startIpx } from './ipx.ts'
import { loadOnce } from './load.ts'
import { keepPhotos, PHOTO_FOLDER } from './photos.ts'
import { type Kind, withUnmade } from './render-library.ts'
import { IS_FULL, ROUNDS } from './sizes.ts'
import { type Taken, watchServer } from './watch-server.ts'

const WIDTH = 800
const engine = 'SQLite'
const BARE = 'bare sharp, as many processes'

/** For each format: how many are made in a round, and how many more than IPX. */
const FORMATS = {
  webp: { here: IS_FULL ? 64 : 8, ipx: IS_FULL ? 48 : 4, atOnce: [4, 32], overIpx: 1.5 },
  avif: { here: IS_FULL ? 32 : 4, ipx: IS_FULL ? 8 : 2, atOnce: [4], overIpx: 8 },
} as const
type Format = keyof typeof FORMATS

export async function* compare(): AsyncGenerator<Comparison> {
  const bare = openBareRenders()
  const photos = await keepPhotos()
  const ipx = await startIpx(PHOTO_FOLDER)
  try {
    for (const format of ['webp', 'avif'] as const) {
      for (const atOnce of FORMATS[format].atOnce) {
        yield* compareRenders({ format, atOnce, names: photos.length, bare, ipx: ipx.url })
      }
    }
  } finally {
    await ipx.stop()
    bare.close()
  }
  for (const kind of ['png', 'webp', 'avif'] as const) yield await compareSecond(kind)
}

interface Beside {
  format: Format
  atOnce: number
  /** How many photographs there are. */
  names: number
  bare: ReturnType<typeof openBareRenders>
  ipx: string
}

async function* compareRenders(beside: Beside): AsyncGenerator<Comparison> {
  const { format, atOnce, names, bare, ipx } = beside
  const counts = FORMATS[format]
  const inTurn = (count: number, nameOf: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => nameOf(1 + (index % names)))
  const paths = inTurn(counts.here, (index) => join(PHOTO_FOLDER, `photo-${index}.jpg`))
  const asked = inTurn(counts.ipx, (index) => `/w_${WIDTH},f_${format}/photo-${index}.jpg`)
  const rates: number[] = []
  const taken: Taken[] = []
  const limits: number[] = []
  const peers: number[] = []
  // Warm-up.
  await bare.rate({ paths: paths.slice(0, atOnce), width: WIDTH, format })
  await loadOnce(ipx, asked.slice(0, atOnce), { connections: atOnce })
  for (let round = 0; round < ROUNDS; round++) {
    limits.push(await bare.rate({ paths, width: WIDTH, format }))
    peers.push((await loadOnce(ipx, asked, { connections: atOnce })).rate)
    const done = await makeAll('jpeg', [`w_${WIDTH}.${format}`], { atOnce, most: counts.here })
    rates.push(done.rate)
    taken.push(done.taken)
  }
  const what = `JPEG of 12 megapixels to ${WIDTH} px ${format === 'webp' ? 'WebP' : 'AVIF'}, ${atOnce} at a time`
  yield {
    what,
    engine,
    measured: summarize(rates, '/s'),
    limit: { ...summarize(limits, '/s'), by: BARE },
    ratio: medianRatio(rates, limits),
    target: { of: 'ratio', least: 0.85 },
    processor: summarize(
      taken.map(({ processor }) => processor / counts.here),
      'ms',
    ).median,
    memory: Math.max(...taken.map(({ memory }) => memory)),
  }
  yield {
    what: `the same against ${IPX}`,
    engine,
    measured: summarize(rates, '/s'),
    limit: { ...summarize(peers, '/s'), by: IPX },
    ratio: medianRatio(rates, peers),
    target: { of: 'ratio', least: counts.overIpx },
  }
}

/** A second size of an original that is slow to decode, against the same size as its first one. */
async function compareSecond(kind: Kind): Promise<Comparison> {
  const wanted = `w_${WIDTH}.webp`
  const firsts: number[] = []
  const seconds: number[] = []
  const processor: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    firsts.push((await makeAll(kind, [wanted], { atOnce: 4 })).rate)
    const second = await makeAll(kind, ['w_1200.webp', wanted], { atOnce: 4 })
    seconds.push(second.rate)
    processor.push(second.taken.processor / second.requests)
  }
  return {
    what: `${kind === 'webp' ? 'WebP' : kind.toUpperCase()} of 12 megapixels to ${WIDTH} px WebP, second size`,
    engine,
    measured: summarize(seconds, '/s'),
    limit: { ...summarize(firsts, '/s'), by: 'first size' },
    ratio: medianRatio(seconds, firsts),
    target: { of: 'ratio', least: 3 },
    processor: summarize(processor, 'ms').median,
  }
}

/**
 * Makes images of all items of a kind, on a server where none was made yet.
 * @param options of the addresses; the last ones are measured
 */
function makeAll(
  kind: Kind,
  options: readonly string[],
  { atOnce, most }: { atOnce: number; most?: number },
) {
  return withUnmade({ VITRINE_AVIF: 'true' }, async (server, pathsOf) => {
    const ask = (text: string) =>
      loadOnce(server.url, pathsOf(kind, text).slice(0, most), { connections: atOnce, apart: true })
    for (const text of options.slice(0, -1)) await ask(text)
    const watch = await watchServer(server.pid)
    try {
      const { result, taken } = await watch.during(() => ask(options.at(-1) ?? ''))
      return { ...result, taken }
    } finally {
      await watch.close()
    }
  })
}
