import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Client } from '../test/harness.ts'
import { loadOnce } from './load.ts'
import { keepPhotos, renewPhoto } from './photos.ts'
import { type Served, serveLibrary, signInTo } from './servers.ts'
import { IS_FULL } from './sizes.ts'

/** Increase this when the contents of the library change. */
const RECIPE = 1
const FOLDER = join(import.meta.dirname, 'library')
const PREFIX = 'render-r'

/** Formats of the originals, all of 12 megapixels, and how many there are of each. */
const COUNTS = IS_FULL
  ? { jpeg: 64, png: 8, webp: 8, avif: 8, warm: 4 }
  : { jpeg: 8, png: 2, webp: 2, avif: 2, warm: 2 }
export type Kind = keyof typeof COUNTS

const MAKE: Readonly<Record<Kind, (photo: Buffer) => Promise<Buffer>>> = {
  jpeg: async (photo) => renewPhoto(photo),
  png: (photo) => sharp(photo).png({ compressionLevel: 3 }).toBuffer(),
  webp: (photo) => sharp(photo).webp({ quality: 90, effort: 1 }).toBuffer(),
  avif: (photo) => sharp(photo).avif({ quality: 75, effort: 0 }).toBuffer(),
  warm: async (photo) => renewPhoto(photo),
}

/** Paths of an image of each item of a kind, at these options. */
export type PathsOf = (kind: Kind, options: string) => string[]

/**
 * Passes a server on a copy of a library of photographs to `work`. No image of any size has been made yet in it. Its
 * image processes are running.
 */
export async function withUnmade<T>(
  settings: Readonly<Record<string, string>>,
  work: (server: Served & { data: string }, pathsOf: PathsOf) => Promise<T>,
): Promise<T> {
  const kept = await keepRenderLibrary()
  const data = mkdtempSync(`${kept}-copy-`)
  const remove = () => rmSync(data, { recursive: true, force: true })
  process.once('exit', remove)
  let server: Served | undefined
  try {
    copy(kept, data)
    server = await serveLibrary({ data, settings })
    const client = await signInTo(server)
    const pathsOf = await readPaths(client)
    await loadOnce(server.url, pathsOf('warm', 'w_80.webp'))
    return await work({ ...server, data }, pathsOf)
  } finally {
    await server?.stop()
    process.off('exit', remove)
    remove()
  }
}

/** Files in storage are never changed, so that links to them are as good as copies. The database is copied. */
function copy(from: string, to: string): void {
  const run = (...args: string[]) => {
    if (spawnSync('cp', args).status !== 0) throw new Error(`${from} could not be copied.`)
  }
  run('-al', `${from}/.`, to)
  for (const name of readdirSync(from)) {
    if (name === 'files') continue
    rmSync(join(to, name), { recursive: true })
    run('-a', join(from, name), to)
  }
}

async function readPaths(client: Client): Promise<PathsOf> {
  const { body } = await client.list('?limit=1000')
  return (kind, options) =>
    body.media
      .filter(({ tags }) => tags.includes(kind))
      .map(({ urls }) => urls.scaled.replace(/[^/]+$/, options))
}

async function keepRenderLibrary(): Promise<string> {
  const total = Object.values(COUNTS).reduce((sum, count) => sum + count, 0)
  const data = join(FOLDER, `${PREFIX}${RECIPE}-${total}`)
  mkdirSync(FOLDER, { recursive: true })
  for (const name of readdirSync(FOLDER)) {
    const isOld = name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${RECIPE}-`)
    if (isOld) rmSync(join(FOLDER, name), { recursive: true })
  }
  if (existsSync(data)) return data
  console.log(`Adding ${total} photographs…`)
  const filling = `${data}-filling`
  rmSync(filling, { recursive: true, force: true })
  mkdirSync(filling)
  const server = await serveLibrary({ data: filling, settings: {} })
  try {
    await fill(await signInTo(server))
  } finally {
    await server.stop()
  }
  renameSync(filling, data)
  return data
}

async function fill(client: Client): Promise<void> {
  const photos = await keepPhotos()
  for (const kind of Object.keys(COUNTS) as Kind[]) {
    for (let index = 0; index < COUNTS[kind]; index++) {
      const photo = photos[index % photos.length] ?? Buffer.alloc(0)
      const { status, body } = await client.add(`${kind} ${index}`, [kind], await MAKE[kind](photo))
      if (status !== 200) throw new Error(`A photograph could not be added: ${body.detail}`)
    }
  }
}
