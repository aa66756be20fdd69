import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { expectConsistent } from '../consistency.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { type Row, summarize, type Times, withoutProc } from './part.ts'

const CONNECTIONS = 500
/** In two halves. The server must need as little memory after the second as after the first. */
const SECONDS = 600
const ITEMS = 200
const MEBIBYTE = 1024 * 1024
/** The memory limit for a server of this size, without its image processes. */
const MOST_MIB = 1024
/** Allowed growth of the memory at rest from the first half to the second. */
const GROWTH = { factor: 1.25, mib: 48 }
const REST_MS = 45_000

export const missing = withoutProc

/** Hundreds of connections that list, search, read images and add large ones, without a pause. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const server = await startServer()
  const client = await signIn(server)
  const photo = await makeLargePhoto()
  const shown = await fill(client)
  await rest()
  const before = descriptorsOf(server)
  const tally = new Map<string, number>()
  const latencies: number[] = []
  const resting: number[] = []
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMiB(server))
  }, 500)
  for (let half = 0; half < 2; half++) {
    const until = Date.now() + (times(SECONDS) * 1000) / 2
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, number) =>
        visit(
          { server, client, photo, shown, until, number: number + half * CONNECTIONS },
          tally,
          latencies,
        ),
      ),
    )
    await rest()
    resting.push(residentMiB(server))
  }
  clearInterval(watch)
  const counts = [...tally].map(([what, count]) => `${what}: ${count}`).sort()
  console.log(`  answers: ${counts.join(', ')}`)
  const memory = `at most ${Math.round(peak)} MiB, at rest ${resting.map(Math.round).join(' and ')} MiB`
  console.log(`  memory of the server: ${memory}`)
  const wrong = [...tally.keys()].filter((what) => !/ (200|304|429|503)$/.test(what))
  if (wrong.length > 0) throw new Error(`Unexpected answers: ${wrong.join(', ')}`)
  if (peak > MOST_MIB) throw new Error(`The server took ${peak} MiB.`)
  const [first = 0, second = 0] = resting
  if (second > first * GROWTH.factor + GROWTH.mib) throw new Error(`Memory is not flat: ${memory}`)
  const after = descriptorsOf(server)
  if (after > before) throw new Error(`Descriptors: ${before} before, ${after} after.`)
  const { media } = await expectConsistent(server.data)
  if (media.length !== shown.length) throw new Error(`${media.length} items, not ${shown.length}.`)
  if (server.log().includes('"level":50')) throw new Error('There are faults in the log.')
  await server.stop()
  yield {
    fault: 'lists, searches, images and uploads of 12 megapixels from 500 connections',
    injected: `for ${times(SECONDS)} s`,
    times: latencies.length,
    lost: 'nothing',
    recovery: `an answer: ${summarize(latencies)}; memory ${memory}; descriptors as before`,
  }
}

interface Visit {
  server: Server
  client: Client
  photo: Buffer
  shown: readonly string[]
  until: number
  number: number
}

/** Uses one keep-alive connection until the time is over. */
async function visit(
  { server, client, photo, shown, until, number }: Visit,
  tally: Map<string, number>,
  latencies: number[],
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async (what: string, method: string, path: string, body?: Buffer) => {
    const start = performance.now()
    const asked = request(server.url + path, {
      method,
      agent,
      headers: { cookie: client.cookie, ...(body && { 'content-type': FORM }) },
    })
    asked.end(body)
    const [answer] = await once(asked, 'response')
    const bytes = await buffer(answer)
    latencies.push(performance.now() - start)
    const retry = Number(answer.headers['retry-after'])
    const isDeliberate = [429, 503].includes(answer.statusCode) && retry > 0
    const status = answer.statusCode >= 429 && !isDeliberate ? 'fault' : answer.statusCode
    const key = `${what} ${status}`
    tally.set(key, (tally.get(key) ?? 0) + 1)
    if (isDeliberate) await once(AbortSignal.timeout(retry * 1000), 'abort')
    return { status: answer.statusCode, bytes }
  }
  try {
    for (let turn = number; Date.now() < until; turn += 7) {
      const step = turn % 20
      if (step < 8) await ask('list', 'GET', `/media?limit=50&offset=${turn % ITEMS}`)
      else if (step < 12) await ask('search', 'GET', `/media?limit=20&search=item%20${turn % 50}`)
      else if (step < 18) await ask('image', 'GET', shown[turn % shown.length] ?? '/')
      else if (step === 18) await ask('item', 'GET', `/media/item/${1 + (turn % ITEMS)}`)
      else {
        const { status, bytes } = await ask(
          'add',
          'POST',
          '/media/add',
          formOf(photo, `${number}-${turn}`),
        )
        if (status !== 200) continue
        const { media } = JSON.parse(bytes.toString())
        for (;;) {
          // Deletes the item again, so that the library keeps its size.
          const { status } = await ask('delete', 'DELETE', `/media/delete/${media.id}`)
          if (status !== 503) break
        }
      }
    }
  } catch (error) {
    const key = `broken off: ${error}`
    tally.set(key, (tally.get(key) ?? 0) + 1)
  } finally {
    agent.destroy()
  }
}

const FORM = 'multipart/form-data; boundary=b'

/** The same pixels with different bytes: data after the end of a JPEG is ignored. */
function formOf(photo: Buffer, number: string): Buffer {
  const field = (name: string, more: string, value: Buffer) =>
    Buffer.concat([
      Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`),
      value,
      Buffer.from('\r\n'),
    ])
  return Buffer.concat([
    field('name', '', Buffer.from(`Upload ${number}`)),
    field('tags', '', Buffer.from('load')),
    field('image', '; filename="a.jpg"', Buffer.concat([photo, Buffer.from(number)])),
    Buffer.from('--b--\r\n'),
  ])
}

/** A photograph of 4000 x 3000 pixels: soft shapes with some noise. */
function makeLargePhoto(): Promise<Buffer> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 }
  return sharp({ create: { width: 500, height: 375, channels: 3, background: '#468', noise } })
    .resize(4000, 3000, { kernel: 'cubic' })
    .jpeg({ quality: 80 })
    .toBuffer()
}

/** Adds items with their large variants. @returns the URLs of their images */
async function fill(client: Client): Promise<string[]> {
  const urls: string[] = []
  for (let index = 0; index < ITEMS; index++) {
    const background = { r: index, g: 255 - index, b: 99 }
    const image = sharp({ create: { width: 900, height: 600, channels: 3, background } })
    const { media } = (await client.add(`Item ${index}`, ['filled'], await image.jpeg().toBuffer()))
      .body
    await client.get(media.urls.high)
    urls.push(index % 2 ? media.urls.scaled : media.urls.high)
  }
  return urls
}

/** Long enough for idle image processes and idle connections to end. */
const rest = () => once(AbortSignal.timeout(REST_MS), 'abort')

const descriptorsOf = (server: Server) => readdirSync(`/proc/${server.process.pid}/fd`).length

const residentMiB = (server: Server) => {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8')
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024) / MEBIBYTE
}
