import { readFileSync } from 'node:fs'
import {
  type IMagickImageCollection,
  ImageMagick,
  initializeImageMagick,
  MagickFormat,
  MagickImageCollection,
  MagickReadSettings,
} from '@imagemagick/magick-wasm'
import { FORMATS } from '../formats.ts'
import { writePixelFile } from '../worker/pixel-file.ts'
import { Refusal } from '../worker/tasks.ts'
import { type OpenFile, type Order, PIXELS_FD } from './protocol.ts'

const CODERS = { avif: MagickFormat.Avif, bmp: MagickFormat.Bmp, jxl: MagickFormat.Jxl } as const

type MagickFormatName = keyof typeof CODERS

/** Rows that are handed on at once. */
const ROWS = 128
const MOST_MS = 65_535

/**
 * Opens an image by ImageMagick. It is always told the format: by itself it would also take files for programs of its
 * own, and fetch what they name.
 */
export async function openByMagick(bytes: Buffer, format: MagickFormatName): Promise<OpenFile> {
  const { name } = FORMATS[format]
  const refuse = (cause: unknown) =>
    new Refusal(
      'content',
      `The ${name} image is damaged, cut short, or of a kind that is not supported, and cannot be decoded completely.`,
      cause,
    )
  await initializeImageMagick(
    readFileSync(new URL(import.meta.resolve('@imagemagick/magick-wasm/magick.wasm'))),
  )
  const settings = () => new MagickReadSettings({ format: CODERS[format] })
  const header = (() => {
    try {
      const images = MagickImageCollection.create()
      images.ping(bytes, settings())
      return readHeader(images, format)
    } catch (error) {
      throw refuse(error)
    }
  })()

  async function decode({ kept, decoded }: Order) {
    const { width, height } = header
    const limited = settings()
    limited.frameIndex = 0
    limited.frameCount = decoded
    // Errors of the file and of writing must not be mixed up.
    let fault: { error: unknown } | undefined
    try {
      ImageMagick.readCollection(bytes, limited, (images) => {
        const isWhole = images.length >= decoded
        const isAlike = images.every((image) => image.width === width && image.height === height)
        if (!isWhole || !isAlike) throw new Error('The frames differ from those of the header')
        try {
          write(images, { width, height, kept })
        } catch (error) {
          fault = { error }
        }
      })
    } catch (error) {
      throw refuse(error)
    }
    if (fault) throw fault.error
  }

  return { header, decode }
}

function readHeader(images: IMagickImageCollection, format: MagickFormatName): OpenFile['header'] {
  const [first] = images
  if (!first) throw new Error('There is no image')
  const { width, height } = first
  const still = { width, height, frames: 1, bytesPerPixel: 4 }
  // ImageMagick's frames of the others are other images, or not composed.
  if (format === 'jxl' && images.length > 1) return { ...still, unshown: images.length - 1 }
  if (format !== 'avif' || images.length === 1) return still
  const delay = images.map(({ animationDelay, animationTicksPerSecond }) =>
    Math.min(Math.round((animationDelay * 1000) / (animationTicksPerSecond || 100)), MOST_MS),
  )
  return { ...still, frames: images.length, timing: { delay, loop: first.animationIterations } }
}

function write(
  images: IMagickImageCollection,
  { width, height, kept }: { width: number; height: number; kept: number },
) {
  const shown = images.slice(0, kept)
  const hasAlpha = shown.some((image) => image.hasAlpha)
  const append = writePixelFile(PIXELS_FD, {
    width,
    height,
    channels: hasAlpha ? 4 : 3,
    isDeep: false,
    frames: kept,
    profile: shown[0]?.getColorProfile()?.data,
  })
  for (const image of shown) {
    for (let y = 0; y < height; y += ROWS) {
      const pixels = image.getPixels((all) =>
        all.toByteArray(0, y, width, Math.min(ROWS, height - y), hasAlpha ? 'RGBA' : 'RGB'),
      )
      if (!pixels) throw new Error('The pixels cannot be read')
      append(pixels)
    }
  }
}
