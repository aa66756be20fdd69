/**
 * Measures images of any size: sending those that are there, many widths of one image at once, and lists while images
 * are made.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Comparison, summarize } from './comparison.ts'
import { withCopy } from './copied-library.ts'
import { compareWarm, IMAGES } from './delivery.ts'
import { keepDeliveryLibrary } from './delivery-library.ts'
import { randomFrom } from './fill-photos.ts'
import { IPX, startIpx } from './ipx.ts'
import { loadOnce } from './load.ts'
import { startNginx } from './nginx.ts'
import { keepPhotos, PHOTO_FOLDER, renewPhoto } from './photos.ts'
import { pingDuring } from './pinger.ts'
import { withUnmade } from './render-library.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { watchServer } from './watch-server.ts'

const engine = 'SQLite'
const WIDTHS_AT_ONCE = 50
const MOST_MEMORY = 600
const RENDERS_AT_ONCE = 32
const PHOTOS = IS_FULL ? 64 : 8

export async function* compare(): AsyncGenerator<Comparison> {
  const library = await keepDeliveryLibrary(IMAGES)
  const nginx = await startNginx(join(library.data, 'files'))
  try {
    yield* compareWarm(library, nginx.url, ['w_400', 'w_800'])
  } finally {
    await nginx.stop()
  }
  yield* askManyWidths()
  yield* withCopy(engine, ITEMS, listBesideRenders)
}

/** Widths that people ask for, without a signature: most are not those of the ladder. */
function drawWidths(seed: number): number[] {
  const random = randomFrom(seed)
  return Array.from({ length: WIDTHS_AT_ONCE }, () => 80 + Math.floor(random() * (3840 - 80)))
}

async function* askManyWidths(): AsyncGenerator<Comparison> {
  const answered: number[] = []
  const made: number[] = []
  const wanted: number[] = []
  const memories: number[] = []
  const peers: number[] = []
  await keepPhotos()
  for (let round = 0; round < ROUNDS; round++) {
    const widths = drawWidths(round + 1)
    await withUnmade({}, async (server, pathsOf) => {
      const [path = ''] = pathsOf('jpeg', '')
      const before = countRenditions(server.data)
      const watch = await watchServer(server.pid)
      const { result, taken } = await watch.during(() =>
        Promise.all(widths.map((width) => fetch(`${server.url}${path}w_${width}.webp`))),
      )
      await watch.close()
      const steps = new Set(result.map(({ url }) => url)).size
      answered.push(result.filter(({ status }) => status === 200).length)
      wanted.push(steps)
      made.push(countRenditions(server.data) - before)
      memories.push(taken.memory)
    })
    const ipx = await startIpx(PHOTO_FOLDER)
    const watch = await watchServer(ipx.pid)
    const { taken } = await watch.during(() =>
      loadOnce(
        ipx.url,
        widths.map((width) => `/w_${width},f_webp/photo-1.jpg`),
        { connections: WIDTHS_AT_ONCE },
      ),
    )
    peers.push(taken.memory)
    await watch.close()
    await ipx.stop()
  }
  const what = `${WIDTHS_AT_ONCE} widths of one image at once`
  yield {
    what: `${what}: answered`,
    engine,
    measured: summarize(answered, 'answers'),
    target: { of: 'measured', least: WIDTHS_AT_ONCE },
  }
  yield {
    what: `${what}: images made`,
    engine,
    measured: summarize(made, 'images'),
    limit: { ...summarize(wanted, 'steps'), by: 'ladder' },
    ratio: Math.max(...made.map((count, round) => count / (wanted[round] ?? 0))),
    target: { of: 'ratio', most: 1 },
  }
  yield {
    what: `${what}: memory of all processes`,
    engine,
    measured: summarize(memories, 'MB'),
    limit: { ...summarize(peers, 'MB'), by: IPX },
    ratio: summarize(memories, '').median / summarize(peers, '').median,
    target: { of: 'measured', most: MOST_MEMORY },
  }
}

/** Images that were made and stored. */
function countRenditions(data: string): number {
  const database = new DatabaseSync(join(data, 'vitrine.db'), { readOnly: true })
  const row = database.prepare('SELECT count(*) AS count FROM renditions').get()
  database.close()
  return Number(row?.count)
}

async function* listBesideRenders({ data }: { data: string }): AsyncGenerator<Comparison> {
  const photos = await keepPhotos()
  const server = await serveLibrary({ data, settings: {} })
  try {
    const client = await signInTo(server)
    const p99: number[] = []
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const paths: string[] = []
      for (let index = 0; index < PHOTOS; index++) {
        const photo = photos[index % photos.length] ?? Buffer.alloc(0)
        const { body } = await client.add('Photo', [], renewPhoto(photo))
        paths.push(`/media/image/${body.media.id}/w_800.webp`)
      }
      const offsets = shuffled(ITEMS - 50, 10_000, round + 1)
      let turn = 0
      const next = () => `/media?limit=50&offset=${offsets[turn++ % offsets.length]}`
      const asked = { url: server.url, headers: { cookie: client.cookie }, next }
      const done = await pingDuring(asked, () =>
        loadOnce(server.url, paths, { connections: RENDERS_AT_ONCE, apart: true }),
      )
      p99.push(done.p99)
      rates.push(done.result.rate)
    }
    const what = `${RENDERS_AT_ONCE} images made at a time`
    yield { what, engine, measured: summarize(rates, '/s') }
    yield {
      what: `${what}: 99th percentile of lists meanwhile`,
      engine,
      measured: summarize(p99, 'ms'),
      target: { of: 'measured', most: 50 },
    }
  } finally {
    await server.stop()
  }
}
