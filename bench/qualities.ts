/**
 * Finds the quality of each format at which photographs are as similar to their originals (SSIM) as in WebP of quality
 * 80. The defaults of image addresses come from here.
 */
import sharp, { type Sharp } from 'sharp'
import { DEFAULT_QUALITY } from '../src/images/address/qualities.ts'
import { ENCODINGS } from '../src/images/recipe.ts'
import { encode } from '../src/images/worker/finish.ts'
import { type Samples, ssim } from '../test/ssim.ts'
import type { Figures, Measured } from './comparison.ts'
import { findRealPhotos } from './real-photos.ts'

const WIDTHS = [400, 800, 1600]
const REFERENCE = DEFAULT_QUALITY.webp

type Encode = (image: Sharp, quality: number) => Sharp

/** As the images of addresses are encoded. */
const encodeAs =
  (format: 'webp' | 'avif' | 'jpg'): Encode =>
  (image, quality) =>
    encode(image, { ...ENCODINGS[format], format, quality, animated: false })

const CANDIDATES: Readonly<Record<string, Encode>> = {
  JPEG: encodeAs('jpg'),
  'JPEG of mozjpeg': (image, quality) => image.jpeg({ quality, mozjpeg: true }),
  AVIF: encodeAs('avif'),
  'AVIF, effort 1': (image, quality) =>
    image.avif({ quality, effort: 1, chromaSubsampling: '4:2:0' }),
  'AVIF, effort 2': (image, quality) =>
    image.avif({ quality, effort: 2, chromaSubsampling: '4:2:0' }),
  'AVIF, 4:4:4': (image, quality) => image.avif({ quality, effort: 0, chromaSubsampling: '4:4:4' }),
}

/** What a set of photographs is like in one encoding. */
interface Encoded {
  /** Of each photograph. */
  similarities: readonly number[]
  /** Mean of `similarities`. */
  similarity: number
  /** Bytes of one, on average. */
  size: number
  /** Milliseconds of processor time for encoding one, on average. */
  time: number
}

/** One run for each width. */
export async function* measure(): AsyncGenerator<Figures> {
  sharp.cache(false)
  sharp.concurrency(1)
  const paths = findRealPhotos()
  for (const width of WIDTHS) {
    const photos = await Promise.all(paths.map((path) => readScaled(path, width)))
    const reference = await encodeAll(photos, encodeAs('webp'), REFERENCE)
    const figures: Measured = { photographs: photos.length, 'width (px)': width }
    note(figures, `WebP ${REFERENCE}`, reference)
    for (const [what, encode] of Object.entries(CANDIDATES)) {
      const { quality, encoded } = await findEqual(photos, encode, reference.similarity)
      figures[`${what}: quality`] = quality
      note(figures, what, encoded)
      figures[`${what}: processor time, times WebP's`] = Number(
        (encoded.time / reference.time).toPrecision(2),
      )
      figures[`${what}: size against WebP (%)`] = Math.round(
        100 * (encoded.size / reference.size - 1),
      )
      const differences = encoded.similarities.map(
        (similarity, index) => similarity - (reference.similarities[index] ?? 0),
      )
      figures[`${what}: SSIM of single ones, worst and best`] =
        `${signed(Math.min(...differences))}, ${signed(Math.max(...differences))}`
    }
    yield figures
  }
}

function note(figures: Measured, what: string, { similarity, size, time }: Encoded): void {
  figures[`${what}: SSIM`] = Number(similarity.toFixed(4))
  figures[`${what}: size (kB)`] = Number((size / 1000).toFixed(1))
  figures[`${what}: processor time (ms)`] = Number(time.toFixed(1))
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`

async function readScaled(path: string, width: number): Promise<Samples> {
  const { data, info } = await sharp(path)
    .resize(width)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels }
}

/** Finds the quality whose similarity is closest to a wanted one. */
async function findEqual(photos: readonly Samples[], encodeOne: Encode, wanted: number) {
  let [low, high] = [40, 96]
  const tried = new Map<number, Encoded>()
  const attempt = async (quality: number) => {
    const encoded = tried.get(quality) ?? (await encodeAll(photos, encodeOne, quality))
    tried.set(quality, encoded)
    return encoded
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((await attempt(middle)).similarity < wanted) low = middle
    else high = middle
  }
  const [below, above] = [await attempt(low), await attempt(high)]
  const isBelow = wanted - below.similarity < above.similarity - wanted
  return isBelow ? { quality: low, encoded: below } : { quality: high, encoded: above }
}

async function encodeAll(photos: readonly Samples[], encodeOne: Encode, quality: number) {
  const similarities: number[] = []
  let [size, time] = [0, 0]
  for (const photo of photos) {
    const { width, height, data } = photo
    const image = sharp(data, { raw: { width, height, channels: 3 } })
    const before = process.cpuUsage()
    const encoded = await encodeOne(image, quality).toBuffer()
    const { user, system } = process.cpuUsage(before)
    size += encoded.length / photos.length
    time += (user + system) / 1000 / photos.length
    const decoded = await sharp(encoded).raw().toBuffer({ resolveWithObject: true })
    similarities.push(
      ssim(photo, { data: decoded.data, width, height, channels: decoded.info.channels }),
    )
  }
  const similarity = similarities.reduce((sum, each) => sum + each, 0) / photos.length
  return { similarities, similarity, size, time }
}
