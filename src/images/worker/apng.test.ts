import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ApngFrameShape,
  joinPng,
  makeAnimatedPng,
  makeApngChunks,
  makePng,
} from '../../../test/fixtures.ts'
import { withApngFrames } from './apng-frames.ts'
import { readHeader } from './decode.ts'
import { Refusal } from './tasks.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-apng-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Letters for pixels. */
const PIXELS: Readonly<Record<string, readonly number[]>> = {
  '.': [0, 0, 0, 0],
  R: [255, 0, 0, 255],
  G: [0, 255, 0, 255],
  /** Half opaque blue, and what it makes of what is below. */
  b: [0, 0, 255, 128],
  p: [127, 0, 128, 255],
  c: [0, 0, 255, 192],
}

/** A frame of one row. */
const row = (letters: string, rest: Partial<ApngFrameShape> = {}): ApngFrameShape => ({
  pixels: Buffer.from([...letters].flatMap((letter) => PIXELS[letter] ?? [])),
  width: letters.length,
  height: 1,
  ...rest,
})

const SOURCE = 0
const OVER = 1
const CLEAR = 1
const RESTORE = 2

async function save(bytes: Buffer): Promise<string> {
  const path = join(folder, 'original')
  await writeFile(path, bytes)
  return path
}

async function framesOf(bytes: Buffer): Promise<string[]> {
  const path = await save(bytes)
  const header = await readHeader(path)
  const all = { decoded: header.frames, kept: header.frames }
  return withApngFrames({ path, folder, header }, all, async (pixels) => {
    const { data } = await sharp(pixels, { pages: -1 }).raw().toBuffer({ resolveWithObject: true })
    const letters = Array.from({ length: data.length / 4 }, (_, at) => {
      const pixel = [...data.subarray(at * 4, at * 4 + 4)].join()
      return (
        Object.entries(PIXELS).find(([, values]) => values.join() === pixel)?.[0] ?? `(${pixel})`
      )
    })
    const { width } = header
    return Array.from({ length: header.frames }, (_, frame) =>
      letters.slice(frame * width, (frame + 1) * width).join(''),
    )
  })
}

describe('frames of an animated PNG', () => {
  it.each<[string, ApngFrameShape[], string[]]>([
    ['stay, and others are drawn onto them', [row('RRR'), row('G', { left: 1 })], ['RRR', 'RGR']],
    ['replace what is there', [row('RRR'), row('.b.', { blend: SOURCE })], ['RRR', '.b.']],
    ['are drawn over what is there', [row('RRR'), row('.bG', { blend: OVER })], ['RRR', 'RpG']],
    ['are drawn over nothing', [row('b..'), row('bb.', { blend: OVER })], ['b..', 'cb.']],
    [
      'leave nothing',
      [row('RRR'), row('G', { left: 1, disposal: CLEAR }), row('G')],
      ['RRR', 'RGR', 'G.R'],
    ],
    [
      'leave what was there',
      [row('RRR'), row('GG', { left: 1, disposal: RESTORE }), row('G')],
      ['RRR', 'RGG', 'GRR'],
    ],
    [
      'leave nothing where nothing was',
      [row('RRR', { disposal: RESTORE }), row('G', { left: 2 })],
      ['RRR', '..G'],
    ],
    [
      'begin behind an image that is none of them',
      [row('RRR', { isDefaultAlone: true }), row('G'), row('b', { left: 2 })],
      ['G..', 'G.b'],
    ],
  ])('%s', async (_, shapes, expected) => {
    expect(await framesOf(joinPng(makeApngChunks({ width: 3, height: 1 }, shapes)))).toEqual(
      expected,
    )
  })

  it('have their places, times and plays', async () => {
    const canvas = { width: 2, height: 2 }
    const shapes = [
      { ...row('RRRR'), ...canvas, delay: [1, 25] as const },
      { ...row('G'), left: 1, top: 1, delay: [3, 0] as const },
    ]
    const path = await save(joinPng(makeApngChunks(canvas, shapes, 7)))
    const header = await readHeader(path)
    expect(header).toMatchObject({ ...canvas, frames: 2, timing: { delay: [40, 30], loop: 7 } })
    const frames = await framesOf(joinPng(makeApngChunks(canvas, shapes)))
    expect(frames).toEqual(['RR', 'RR'])
  })
})

describe('a PNG', () => {
  it('is a still for who knows it as one, and with one frame', async () => {
    const animated = await save(await makeAnimatedPng(3))
    expect(await readHeader(animated)).toMatchObject({ frames: 3 })
    expect(await readHeader(animated, { isStill: true })).toMatchObject({ frames: 1 })
    expect(await readHeader(await save(await makeAnimatedPng(1)))).toMatchObject({ frames: 1 })
    const png = await makePng()
    const late = joinPng([{ type: 'acTL', data: Buffer.alloc(8) }]).subarray(8)
    const behind = Buffer.concat([png.subarray(0, -12), late])
    expect(await readHeader(await save(behind))).toMatchObject({ frames: 1 })
  })

  const canvas = { width: 3, height: 1 }
  const whole = () => makeApngChunks(canvas, [row('RRR'), row('G'), row('b', { left: 2 })])
  const change = (type: string, nth: number, by: (data: Buffer) => void) => {
    const chunks = whole()
    by(chunks.filter((chunk) => chunk.type === type)[nth]?.data ?? Buffer.of())
    return joinPng(chunks)
  }
  const without = (type: string, nth: number) => {
    const chunks = whole()
    const [dropped] = chunks.filter((chunk) => chunk.type === type).slice(nth)
    return joinPng(chunks.filter((chunk) => chunk !== dropped))
  }

  it.each<[string, () => Buffer, RegExp]>([
    ['a number twice', () => change('fdAT', 1, (data) => data.writeUInt32BE(2)), /wrong place/],
    ['a missing control', () => without('fcTL', 1), /wrong place/],
    ['missing pixels', () => without('fdAT', 0), /wrong place/],
    ['a missing last frame', () => without('fdAT', 1), /no pixels/],
    [
      'fewer frames than it claims',
      () => change('acTL', 0, (data) => data.writeUInt32BE(9)),
      /claims 9 frames and has 3/,
    ],
    ['no frames', () => change('acTL', 0, (data) => data.writeUInt32BE(0)), /no frames/],
    [
      'a frame beside the image',
      () => change('fcTL', 2, (data) => data.writeUInt32BE(3, 12)),
      /not within/,
    ],
    ['a frame of no size', () => change('fcTL', 1, (data) => data.writeUInt32BE(0, 4)), /no size/],
    [
      'a first frame that is smaller',
      () => change('fcTL', 0, (data) => data.writeUInt32BE(2, 4)),
      /not within/,
    ],
    ['a cut end', () => joinPng(whole()).subarray(0, -20), /cut short/],
  ])('whose frames are not in order is refused: %s', async (_, make, reason) => {
    const error = await readHeader(await save(make())).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(Refusal)
    expect(error.detail).toMatch(/^The animated PNG is damaged or cut short: /)
    expect(error.detail).toMatch(reason)
  })

  it('is refused with a wrong checksum or damaged pixels in a later frame', async () => {
    const spoilt = joinPng(whole())
    const at = spoilt.lastIndexOf('fdAT') + 10
    spoilt[at] = (spoilt[at] ?? 0) ^ 1
    const path = await save(spoilt)
    await expect(readHeader(path)).rejects.toThrow('cut short')
    const short = await save(change('fdAT', 0, (data) => data.fill(0, 6)))
    const header = await readHeader(short)
    const decoding = withApngFrames(
      { path: short, folder, header },
      { decoded: 3, kept: 1 },
      async () => {},
    )
    await expect(decoding).rejects.toThrow('damaged or cut short')
  })
})
