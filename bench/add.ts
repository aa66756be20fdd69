/** Measures uploads against bare sharp, which makes the same images. */
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import type { Client } from '../test/harness.ts'
import { measureBareSharp } from './bare-sharp.ts'
import { type Comparison, medianRatio, summarize } from './comparison.ts'
import { withCopy } from './copied-library.ts'
import type { KeptLibrary } from './library.ts'
import { keepPhotos, renewPhoto } from './photos.ts'
import { pingDuring } from './pinger.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { type Taken, watchServer } from './watch-server.ts'

const AT_ONCE = 4
/** In each round. */
const PHOTOS = IS_FULL ? 64 : 8
/** Side in pixels of a picture of 64 MB uncompressed, just below the size limit for images. */
const LARGE_SIDE = 4650
const engine = 'SQLite'

interface Upload {
  body: Buffer<ArrayBuffer>
  type: string
}

/** The two request formats of an upload. */
const FORMS: Readonly<Record<string, (image: Buffer) => Promise<Upload>>> = {
  base64: async (image) => ({
    body: Buffer.from(
      JSON.stringify({ name: 'Photo', tags: ['bench'], image: image.toString('base64') }),
    ),
    type: 'application/json',
  }),
  multipart: async (image) => {
    const form = new FormData()
    form.set('name', 'Photo')
    form.set('tags', 'bench')
    form.set('image', new Blob([new Uint8Array(image)]), 'photo.jpg')
    const response = new Response(form)
    return {
      body: Buffer.from(await response.arrayBuffer()),
      type: response.headers.get('content-type') ?? '',
    }
  },
}

export async function* compare(): AsyncGenerator<Comparison> {
  yield* withCopy(engine, ITEMS, comparePhotos)
  yield* withCopy(engine, ITEMS, compareLarge)
}

async function* comparePhotos({ data }: KeptLibrary): AsyncGenerator<Comparison> {
  const photos = await keepPhotos()
  const server = await serveLibrary({ data, settings: {} })
  const watch = await watchServer(server.pid)
  try {
    const client = await signInTo(server)
    const makeUploads = (form: (image: Buffer) => Promise<Upload>, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, index) =>
          form(renewPhoto(photos[index % photos.length] ?? Buffer.alloc(0))),
        ),
      )
    for (const [name, form] of Object.entries(FORMS)) {
      await addAll(client, await makeUploads(form, AT_ONCE))
      const rates: number[] = []
      const limits: number[] = []
      const taken: Taken[] = []
      const p99: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        limits.push((await measureBareSharp(photos, { variant: 'scaled', count: PHOTOS })).rate)
        const uploads = await makeUploads(form, PHOTOS)
        const done = await watch.during(() => addAll(client, uploads))
        rates.push(PHOTOS / (done.result / 1000))
        taken.push(done.taken)

        const more = await makeUploads(form, PHOTOS)
        const offsets = shuffled(ITEMS - 50, 10_000, round + 1)
        let turn = 0
        const next = () => `/media?limit=50&offset=${offsets[turn++ % offsets.length]}`
        const asked = { url: server.url, headers: { cookie: client.cookie }, next }
        p99.push((await pingDuring(asked, () => addAll(client, more))).p99)
      }
      const what = `add, JPEG of 12 megapixels, ${AT_ONCE} at a time, ${name}`
      yield {
        what,
        engine,
        measured: summarize(rates, '/s'),
        limit: { ...summarize(limits, '/s'), by: 'bare sharp' },
        ratio: medianRatio(rates, limits),
        target: { of: 'ratio', least: 0.85 },
        processor: summarize(
          taken.map(({ processor }) => processor / PHOTOS),
          'ms',
        ).median,
      }
      yield {
        what: `${what}: memory of all processes`,
        engine,
        measured: summarize(
          taken.map(({ memory }) => memory),
          'MB',
        ),
        target: { of: 'measured', most: 450 },
      }
      yield {
        what: `${what}: 99th percentile of lists meanwhile`,
        engine,
        measured: summarize(p99, 'ms'),
        target: { of: 'measured', most: 50 },
      }
    }
  } finally {
    await watch.close()
    await server.stop()
  }
}

/** Measures one large upload on an otherwise idle server. */
async function* compareLarge({ data }: KeptLibrary): AsyncGenerator<Comparison> {
  const file = join(data, 'blocked')
  const preload = join(import.meta.dirname, 'event-loop.ts')
  const server = await serveLibrary({ data, settings: { BENCH_EVENT_LOOP: file } }, { preload })
  const watch = await watchServer(server.pid)
  const readBlocked = async () => {
    rmSync(file, { force: true })
    process.kill(server.pid, 'SIGUSR2')
    while (!existsSync(file)) await sleep(5)
    return Number(readFileSync(file, 'utf8'))
  }
  try {
    const client = await signInTo(server)
    const { base64 } = FORMS
    const [photo] = await keepPhotos()
    if (!base64 || !photo) throw new Error('There is nothing to add.')
    // Starts a worker process, which keeps running, so its memory is not counted for the image.
    await addAll(client, [await base64(renewPhoto(photo))])
    const growths: number[] = []
    const blocked: number[] = []
    let size = 0
    for (let round = 0; round < ROUNDS; round++) {
      const image = await makeLarge(round)
      size = image.length / 1e6
      const upload = await base64(image)
      await readBlocked()
      const { taken } = await watch.during(() => addAll(client, [upload]))
      blocked.push(await readBlocked())
      growths.push(taken.memory - taken.memoryBefore)
    }
    const what = `add, ${Math.round(size)} MB as base64`
    const measured = summarize(growths, 'MB')
    yield {
      what: `${what}: memory more than before, all processes`,
      engine,
      measured,
      limit: { ...summarize([size], 'MB'), by: 'the image' },
      ratio: measured.median / size,
      target: { of: 'ratio', most: 2 },
    }
    yield {
      what: `${what}: event loop blocked at most`,
      engine,
      measured: summarize(blocked, 'ms'),
      target: { of: 'measured', most: 50 },
    }
  } finally {
    await watch.close()
    await server.stop()
  }
}

/** @returns milliseconds until all were added */
async function addAll(client: Client, uploads: readonly Upload[]): Promise<number> {
  const left = [...uploads]
  const start = performance.now()
  const work = async () => {
    for (let upload = left.pop(); upload; upload = left.pop()) {
      // `fetch` would take five times the processor time, which the server on the same machine would then
      // lack.
      const request = client.start('POST', '/media/add', {
        'content-type': upload.type,
        'content-length': String(upload.body.length),
      })
      const [answer]: IncomingMessage[] = await once(request.end(upload.body), 'response')
      if (!answer) throw new Error('An add was not answered.')
      const body = await text(answer)
      if (answer.statusCode !== 200) {
        throw new Error(`An add was answered with ${answer.statusCode}: ${body}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return performance.now() - start
}

/** An uncompressed PNG: as many bytes as an image may have, with no more pixels than needed. */
const makeLarge = (seed: number): Promise<Buffer> =>
  sharp({
    create: {
      width: LARGE_SIDE,
      height: LARGE_SIDE,
      channels: 3,
      background: { r: seed, g: 100, b: 150 },
    },
  })
    .png({ compressionLevel: 0 })
    .toBuffer()
