import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withApngFrames } from '../../src/images/worker/apng-frames.ts'
import { readHeader } from '../../src/images/worker/decode.ts'
import { type ApngFrameShape, joinPng, makeApngChunks } from '../fixtures.ts'
import { type Server, startServer } from '../harness.ts'
import { createRandom } from '../hostile/random.ts'
import { describePage, openPage } from './page.ts'

const ROUNDS = 12
const CANVAS = { width: 9, height: 7 }

/** Random frames at random places, with every way of drawing and of leaving them. */
function makeFrames(seed: number): ApngFrameShape[] {
  const random = createRandom(seed)
  return Array.from({ length: 6 }, (_, index) => {
    const width = index === 0 ? CANVAS.width : 1 + random.below(CANVAS.width)
    const height = index === 0 ? CANVAS.height : 1 + random.below(CANVAS.height)
    const pixels = random.bytes(width * height * 4)
    for (let at = 3; at < pixels.length; at += 4) {
      // Chromium keeps colours multiplied by their opacity, so that faint ones have few levels.
      pixels[at] = random.pick([0, 255, 255, 64 + random.below(192)])
    }
    return {
      pixels,
      width,
      height,
      left: random.below(CANVAS.width - width + 1),
      top: random.below(CANVAS.height - height + 1),
      disposal: random.below(3),
      blend: random.below(2),
    }
  })
}

describePage('the frames of an animated PNG', () => {
  let server: Server
  let folder: string
  beforeAll(async () => {
    server = await startServer()
    folder = await mkdtemp(join(tmpdir(), 'vitrine-apng-'))
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  it('are those that Chromium shows', async () => {
    const page = await openPage(server, { username: null })
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const bytes = joinPng(makeApngChunks(CANVAS, makeFrames(seed)))
      const path = join(folder, 'original')
      await writeFile(path, bytes)
      const header = await readHeader(path)
      const all = { decoded: header.frames, kept: header.frames }
      const ours = await withApngFrames({ path, folder, header }, all, (pixels) =>
        sharp(pixels, { pages: -1 }).raw().toBuffer(),
      )
      const shown = await page.evaluate<string>(decodeFrames(bytes))
      const theirs = Buffer.from(shown, 'base64')
      expect(theirs.length).toBe(ours.length)
      expect(farthest(ours, theirs), `seed ${seed}`).toBeLessThanOrEqual(4)
    }
  })
})

/** Runs in the page: https://www.w3.org/TR/webcodecs/#imagedecoder-interface */
const decodeFrames = (png: Buffer) => `(async () => {
  const data = Uint8Array.from(atob('${png.toString('base64')}'), (letter) => letter.charCodeAt(0))
  const decoder = new ImageDecoder({ data, type: 'image/png' })
  await decoder.tracks.ready
  await decoder.completed
  let text = ''
  for (let frameIndex = 0; frameIndex < decoder.tracks.selectedTrack.frameCount; frameIndex++) {
    const { image } = await decoder.decode({ frameIndex })
    const pixels = new Uint8Array(image.displayWidth * image.displayHeight * 4)
    await image.copyTo(pixels, { format: 'RGBA' })
    image.close()
    for (const value of pixels) text += String.fromCharCode(value)
  }
  return btoa(text)
})()`

/** The largest difference of a channel, multiplied by the opacity. */
function farthest(ours: Buffer, theirs: Buffer): number {
  let most = 0
  for (let at = 0; at < ours.length; at += 4) {
    const opacity = [ours, theirs].map((pixels) => (pixels[at + 3] ?? 0) / 255)
    for (let channel = 0; channel < 4; channel++) {
      const [one = 0, other = 0] = [ours, theirs].map(
        (pixels, index) =>
          (pixels[at + channel] ?? 0) * (channel === 3 ? 1 : (opacity[index] ?? 0)),
      )
      most = Math.max(most, Math.abs(one - other))
    }
  }
  return most
}
