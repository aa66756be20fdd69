import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import {
  type Apng,
  type ApngFrame,
  pngOfFrame,
  readApng,
  TO_PREVIOUS,
  TO_TRANSPARENT,
} from './apng.ts'
import { ignoresProfile, type Pixels, toPixels } from './colour/conversion.ts'
import { damaged } from './decode.ts'
import { writePixelFile } from './pixel-file.ts'
import type { Header } from './tasks.ts'

/** Which frames of an animation a task takes. */
export interface Frames {
  /** How many are decoded, from the first on. */
  decoded: number
  /** How many of them are kept for `work`, from the first on. */
  kept: number
}

/**
 * Passes the frames of an animated PNG to `work` as a file of pixels in sRGB, as they are shown: each drawn onto what
 * the earlier ones left. libvips decodes them one by one.
 *
 * @throws Refusal if a frame is damaged; any error of `work`
 */
export async function withApngFrames<T>(
  { path, folder, header }: { path: string; folder: string; header: Header },
  { decoded, kept }: Frames,
  work: (path: string, header: Header) => Promise<T>,
): Promise<T> {
  const apng = await readApng(path)
  if (!apng || apng.frames.length !== header.frames) throw damaged(header)
  const pixels = join(folder, 'frames.tif')
  try {
    const fd = openSync(pixels, 'wx', 0o600)
    try {
      const { width, height } = apng
      const write = writePixelFile(fd, { width, height, channels: 4, isDeep: false, frames: kept })
      let index = 0
      for await (const canvas of drawFrames(apng, header, decoded))
        if (index++ < kept) write(canvas)
    } finally {
      closeSync(fd)
    }
    return await work(pixels, { ...header, frames: kept, conversion: undefined })
  } finally {
    await rm(pixels, { force: true })
  }
}

/** Yields the same canvas for each frame: https://www.w3.org/TR/png-3/#11fcTL */
async function* drawFrames(apng: Apng, header: Header, count: number): AsyncGenerator<Buffer> {
  const canvas = Buffer.alloc(apng.width * apng.height * 4)
  for (const [index, frame] of apng.frames.slice(0, count).entries()) {
    const pixels = await decodeFrame(apng, frame, header)
    // Before the first frame there is nothing to go back to.
    const disposal = index === 0 && frame.disposal === TO_PREVIOUS ? TO_TRANSPARENT : frame.disposal
    const before = disposal === TO_PREVIOUS ? copyArea(canvas, apng.width, frame) : undefined
    draw(canvas, apng.width, frame, pixels)
    yield canvas
    if (disposal === TO_TRANSPARENT) fillArea(canvas, apng.width, frame)
    else if (before) fillArea(canvas, apng.width, frame, before)
  }
}

async function decodeFrame(apng: Apng, frame: ApngFrame, header: Header): Promise<Pixels> {
  const image = sharp(pngOfFrame(apng, frame), {
    failOn: 'error',
    ignoreIcc: ignoresProfile(header.conversion),
    limitInputPixels: frame.width * frame.height,
  })
  const pixels = await toPixels(image, header.conversion).catch((error) => {
    throw damaged(header, error)
  })
  if (pixels.width !== frame.width || pixels.height !== frame.height) throw damaged(header)
  return pixels
}

function draw(canvas: Buffer, width: number, frame: ApngFrame, { data, channels }: Pixels) {
  for (let y = 0; y < frame.height; y++) {
    let from = y * frame.width * channels
    let to = ((frame.top + y) * width + frame.left) * 4
    if (channels === 4 && !frame.isBlended) {
      data.copy(canvas, to, from, from + frame.width * 4)
      continue
    }
    for (let x = 0; x < frame.width; x++, from += channels, to += 4) {
      const over = channels === 4 ? (data[from + 3] ?? 0) : 255
      if (over === 255) {
        canvas[to] = data[from] ?? 0
        canvas[to + 1] = data[from + 1] ?? 0
        canvas[to + 2] = data[from + 2] ?? 0
        canvas[to + 3] = 255
      } else if (over > 0) {
        blend(canvas, to, data, from, over)
      }
    }
  }
}

/** Source over destination, by the opacities of both. */
function blend(canvas: Buffer, to: number, data: Buffer, from: number, over: number) {
  const below = ((canvas[to + 3] ?? 0) * (255 - over)) / 255
  const opacity = over + below
  for (let channel = 0; channel < 3; channel++) {
    const sum = (data[from + channel] ?? 0) * over + (canvas[to + channel] ?? 0) * below
    canvas[to + channel] = Math.round(sum / opacity)
  }
  canvas[to + 3] = Math.round(opacity)
}

/** The rows of an area of the canvas, one after the other. */
function copyArea(canvas: Buffer, width: number, { left, top, ...area }: ApngFrame): Buffer {
  const copy = Buffer.allocUnsafe(area.width * area.height * 4)
  for (let y = 0; y < area.height; y++) {
    const from = ((top + y) * width + left) * 4
    canvas.copy(copy, y * area.width * 4, from, from + area.width * 4)
  }
  return copy
}

/** Fills an area with the rows of `copyArea`, or makes it transparent. */
function fillArea(canvas: Buffer, width: number, { left, top, ...area }: ApngFrame, copy?: Buffer) {
  for (let y = 0; y < area.height; y++) {
    const to = ((top + y) * width + left) * 4
    if (copy) copy.copy(canvas, to, y * area.width * 4, (y + 1) * area.width * 4)
    else canvas.fill(0, to, to + area.width * 4)
  }
}
