/** A real server that receives hostile images, with checks and measurements for each of them. */
import { readdirSync, readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expectConsistent } from '../consistency.ts'
import {
  type Answer,
  type Client,
  type Server,
  type Settings,
  signIn,
  startServer,
} from '../harness.ts'
import type { Specimen } from './mutate.ts'

const MEBIBYTE = 1024 * 1024

/** The limits for one image on the server of an attack. */
export const LIMITS = { seconds: 3, memoryMiB: 384 }
/** No process may ever have more: 512 MB. It may exceed its limit until the next look at it. */
export const MOST_MIB = 512e6 / MEBIBYTE
const SETTINGS: Settings = {
  VITRINE_IMAGE_SECONDS: String(LIMITS.seconds),
  VITRINE_IMAGE_MEMORY_BYTES: String(LIMITS.memoryMiB * MEBIBYTE),
}
const WATCH_MS = 20

/** Chunks of a WebP with pixels and animation. All other chunks carry further data. */
const PIXEL_CHUNKS = ['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF']

export interface Attack {
  server: Server
  /** @throws Error that describes what the server did wrong */
  submit(specimen: Specimen): Promise<'accepted' | 'refused'>
  /** The same, but only one at a time. Returns also the processor time of the verdict, in seconds. */
  submitMeasured(specimen: Specimen): Promise<{ verdict: 'accepted' | 'refused'; seconds: number }>
  /** The peak memory of an image process so far, in MiB. */
  peakMiB(): number
  /** Expects that nothing is left behind, and stops the server. */
  end(): Promise<void>
}

export async function startAttack(settings: Settings = {}): Promise<Attack> {
  const server = await startServer({ ...SETTINGS, ...settings })
  const client = await signIn(server)
  const { pid } = server.process
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, ...workersOf(pid).map(residentMiB))
  }, WATCH_MS)

  return {
    server,
    async submit(specimen) {
      return showAndDelete(client, specimen.name, await upload(client, specimen))
    },
    async submitMeasured(specimen) {
      const before = secondsOf(pid)
      const answer = await upload(client, specimen)
      const seconds = secondsOf(pid) - before
      return { verdict: await showAndDelete(client, specimen.name, answer), seconds }
    },
    peakMiB: () => peak,
    async end() {
      clearInterval(watch)
      if (server.process.pid !== pid || server.process.exitCode !== null) {
        throw new Error(`The server ended: ${server.log()}`)
      }
      // Stopping the server waits for the work that follows a delete.
      const code = await server.stop()
      const { media, stored, journal } = await expectConsistent(server.data)
      const left = { media, stored: Object.keys(stored), journal }
      if (Object.values(left).flat().length > 0) throw new Error(`Left: ${JSON.stringify(left)}`)
      const faults = server
        .log()
        .split('\n')
        .filter((line) => line.includes('"level":50'))
      if (faults.length > 0) throw new Error(`Faults in the log: ${faults.join('\n')}`)
      if (code !== 0) throw new Error(`The server ended with ${code}.`)
    },
  }
}

/** Uploads with the name and type of PNG. Neither decides: the bytes do. */
function upload(client: Client, { name, bytes }: Specimen): Promise<Answer> {
  const form = new FormData()
  form.append('name', name)
  form.append('tags', '[]')
  form.append('image', new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'image.png')
  return client.request('POST', '/media/add', { body: form })
}

/** Checks the variants of an accepted image, and deletes it. */
async function showAndDelete(client: Client, name: string, answer: Answer) {
  const verdict = judge(name, answer)
  if (verdict === 'refused') return verdict
  const { id, urls } = answer.body.media
  for (const url of [urls.scaled, urls.high]) await expectPixelsOnly(client, name, url)
  const { status } = await client.delete(`/media/delete/${id}`)
  if (status !== 200) throw new Error(`${name} could not be deleted: ${status}`)
  return verdict
}

function judge(name: string, { status, body }: Answer): 'accepted' | 'refused' {
  if (status === 200) return 'accepted'
  // An empty image counts as missing.
  if (status === 400 && body.detail.startsWith('image is missing')) return 'refused'
  const isRefusal = status === 500 && body.data === 'Error adding media'
  if (isRefusal && /\.$/.test(body.detail) && !body.detail.includes('log of the server')) {
    return 'refused'
  }
  throw new Error(`${name} was answered with ${status} ${JSON.stringify(body)}`)
}

/** Expects the variant of an accepted image to decode and to contain only pixels. */
async function expectPixelsOnly(client: Client, name: string, url: string): Promise<void> {
  const { status, bytes, headers } = await client.get(url)
  if (status !== 200 || headers.get('content-type') !== 'image/webp') {
    throw new Error(`${name} was accepted, and ${url} answered ${status} ${bytes}`)
  }
  const others = listChunks(bytes).filter((chunk) => !PIXEL_CHUNKS.includes(chunk))
  if (others.length > 0) throw new Error(`${name} is shown with ${others.join(', ')}`)
  await sharp(bytes, { animated: true, failOn: 'warning' }).raw().toBuffer()
}

/** Names of the chunks of a WebP, including those inside its frames. */
export function listChunks(webp: Buffer, from = 12): string[] {
  const names: string[] = []
  for (let at = from; at < webp.length; ) {
    const name = webp.toString('latin1', at, at + 4)
    const size = webp.readUInt32LE(at + 4)
    names.push(name)
    if (name === 'ANMF') names.push(...listChunks(webp.subarray(at + 8, at + 8 + size), 16))
    at += 8 + size + (size % 2)
  }
  return names
}

/** Child processes of the server. */
function workersOf(pid: number | undefined): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter((child) => child !== '')
        .map(Number),
    )
  } catch {
    return []
  }
}

/** The peak memory of a process, which is known as long as it runs. */
function residentMiB(pid: number): number {
  try {
    const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kibibytes ?? 0) / 1024
  } catch {
    return 0
  }
}

const TICKS_PER_SECOND = 100

/** Processor time of a server's image processes, running and ended. */
function secondsOf(pid: number | undefined): number {
  const fields = (id: number | undefined) => {
    try {
      // The fields follow the name, which is in brackets and may contain anything.
      return (readFileSync(`/proc/${id}/stat`, 'utf8').split(') ').at(-1) ?? '')
        .split(' ')
        .map(Number)
    } catch {
      return []
    }
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  // User and system time of the running processes, and of the ended child processes.
  const living = workersOf(pid).map((id) => sum(fields(id).slice(11, 15)))
  return (sum(living) + sum(fields(pid).slice(13, 15))) / TICKS_PER_SECOND
}
