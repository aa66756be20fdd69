import { integer, list, oneOf, type Settings, type Values } from '../base/settings.ts'
import { addressSettings } from './address/settings.ts'
import { ALL_FORMATS, type Format } from './formats.ts'

const MEBIBYTE = 1024 * 1024

function parseFormats(text: string): readonly Format[] {
  const wanted = list(oneOf(...ALL_FORMATS))(text)
  if (wanted.length === 0) throw new Error(`one or more of ${ALL_FORMATS.join(', ')}`)
  return ALL_FORMATS.filter((format) => wanted.includes(format))
}

export const imageSettings = {
  imageFormats: {
    variable: 'VITRINE_IMAGE_FORMATS',
    fallback: ALL_FORMATS,
    parse: parseFormats,
    help: 'Formats of images that are accepted, with commas between; all that Vitrine knows by default.',
  },
  maxImagePixels: {
    variable: 'VITRINE_MAX_IMAGE_PIXELS',
    fallback: 100_000_000,
    parse: integer(1, 10_000_000_000),
    help: 'Largest number of pixels of an accepted image, summed over all its frames.',
  },
  maxImageFrames: {
    variable: 'VITRINE_MAX_IMAGE_FRAMES',
    // Enough for minutes of a screen recording. The limit of pixels over all frames bounds the cost.
    fallback: 1000,
    parse: integer(1, 100_000),
    help: 'Largest number of frames of an accepted animation.',
  },
  imageSeconds: {
    variable: 'VITRINE_IMAGE_SECONDS',
    fallback: 20,
    parse: integer(1, 3600),
    help: 'Processor time that one image may take, in seconds.',
  },
  imageMemoryBytes: {
    variable: 'VITRINE_IMAGE_MEMORY_BYTES',
    // An AVIF of 100 megapixels takes up to 2.5 GiB, everything else up to 1.1 GiB.
    fallback: 3072 * MEBIBYTE,
    parse: integer(256 * MEBIBYTE, 1024 * 1024 * MEBIBYTE),
    help: 'Memory that the worker process of one image may take, in bytes.',
  },
  imageWorkers: {
    variable: 'VITRINE_IMAGE_WORKERS',
    fallback: 4,
    parse: integer(1, 1024),
    help: 'Most images processed at once; never more than the machine has processor cores.',
  },
  imagePixelsInFlight: {
    variable: 'VITRINE_IMAGE_PIXELS_IN_FLIGHT',
    fallback: 200_000_000,
    parse: integer(1, 1_000_000_000_000),
    help: 'Most pixels of all images processed at once. It bounds the memory that they take together.',
  },
  imageQueue: {
    variable: 'VITRINE_IMAGE_QUEUE',
    fallback: 100,
    parse: integer(0, 100_000),
    help: 'Most uploads that may wait for processing; the same limit holds for each kind of render.',
  },
} satisfies Settings

export type ImageSettings = Values<typeof imageSettings>

export const deliverySettings = {
  delivery: {
    variable: 'VITRINE_DELIVERY',
    fallback: 'public',
    parse: oneOf('public', 'private', 'off'),
    help: 'Who may see images of all sizes: everybody, users who may view media, or nobody.',
  },
  deliveryCacheBytes: {
    variable: 'VITRINE_DELIVERY_CACHE_BYTES',
    // About 15,000 scaled images.
    fallback: 128 * MEBIBYTE,
    parse: integer(0, 1024 * 1024 * MEBIBYTE),
    help: 'Memory for recently sent images, in bytes; 0 keeps none.',
  },
  ...addressSettings,
} satisfies Settings
