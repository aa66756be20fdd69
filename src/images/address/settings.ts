import { boolean, integer, list, oneOf, type Settings, type Values } from '../../base/settings.ts'
import { requireUnguessable } from '../../base/unguessable.ts'
import { printRatio, type Ratio, readRatio } from './ratio.ts'
import type { SigningKey } from './signature.ts'
import { isKeyId, RIGHT_KEY_ID } from './signature-form.ts'
import { MAX_SIDE } from './spellings.ts'

const GIBIBYTE = 1024 ** 3

/** Everybody may ask for each width in each ratio. More of them would not bound anything. */
const MAX_STEPS = 64

const LEAST_SECRET = 16

export const addressSettings = {
  transforms: {
    variable: 'VITRINE_TRANSFORMS',
    fallback: 'bounded',
    parse: oneOf('bounded', 'signed', 'off'),
    help: 'Which sizes of images anybody may ask for: widths and ratios of the lists, only presets and what is signed, or scaled and high alone.',
  },
  widths: {
    variable: 'VITRINE_WIDTHS',
    fallback: [
      80, 160, 240, 320, 400, 480, 640, 800, 960, 1200, 1440, 1600, 1920, 2560, 3200, 3840,
    ],
    parse: parseWidths,
    help: 'Widths in pixels that anybody may ask for, comma-separated. Any other one is served as the next one up.',
  },
  aspects: {
    variable: 'VITRINE_ASPECTS',
    fallback: [
      [1, 1],
      [5, 4],
      [4, 3],
      [3, 2],
      [16, 10],
      [16, 9],
      [2, 1],
      [21, 9],
    ],
    parse: parseAspects,
    help: 'Ratios like 16-9 that anybody may have images cut to, comma-separated; the upright of each is allowed too.',
  },
  avif: {
    variable: 'VITRINE_AVIF',
    fallback: false,
    parse: boolean,
    help: 'Whether anybody may have AVIF, and whether auto chooses it; it costs much processor time.',
  },
  signingKeys: {
    variable: 'VITRINE_SIGNING_KEYS',
    fallback: [],
    parse: parseKeys,
    help: 'Keys that sign addresses of images, as id:secret, comma-separated. The first signs; all are accepted.',
    secret: true,
  },
  variantBytes: {
    variable: 'VITRINE_VARIANT_BYTES',
    fallback: 20 * GIBIBYTE,
    parse: integer(0, 1024 * 1024 * GIBIBYTE),
    help: 'Storage for images of all sizes except scaled and high, in bytes.',
  },
  iiif: {
    variable: 'VITRINE_IIIF',
    fallback: false,
    parse: boolean,
    help: 'Whether the IIIF Image API is served. It shows images to everybody at full resolution.',
  },
} satisfies Settings

export type AddressSettings = Values<typeof addressSettings>

/** Ascending, each once. */
function parseWidths(text: string): readonly number[] {
  const right = `up to ${MAX_STEPS} whole numbers from 1 to ${MAX_SIDE}, comma-separated`
  const widths = parseSteps(text, right, (part) => {
    try {
      return integer(1, MAX_SIDE)(part)
    } catch {
      return undefined
    }
  })
  return [...new Set(widths)].sort((a, b) => a - b)
}

/** In canonical form, each once. */
function parseAspects(text: string): readonly Ratio[] {
  const right = `up to ${MAX_STEPS} ratios like 16-9, of numbers from 1 to 100, comma-separated`
  const ratios = parseSteps(text, right, readRatio)
  return [...new Map(ratios.map((ratio) => [printRatio(ratio), ratio])).values()]
}

function parseSteps<T>(text: string, right: string, read: (part: string) => T | undefined) {
  const steps = list((part) => {
    const step = read(part)
    if (step === undefined) throw new Error(right)
    return step
  })(text)
  if (steps.length === 0 || steps.length > MAX_STEPS) throw new Error(right)
  return steps
}

/** Messages never repeat an entry: it may be a secret that lacks its id. */
function parseKeys(text: string): readonly SigningKey[] {
  const keys = list(parseKey)(text)
  if (keys.length === 0) throw new Error(RIGHT_KEYS)
  const ids = new Set(keys.map(({ id }) => id))
  if (ids.size < keys.length) throw new Error('keys of which each has an id of its own')
  if (ids.has('0')) throw new Error('keys with other ids than 0, which is the key of the library')
  return keys
}

const RIGHT_KEYS =
  `keys like id:secret, comma-separated; an id has ${RIGHT_KEY_ID}, and a secret at least ${LEAST_SECRET} ` +
  'letters, digits or signs of ASCII without spaces and commas'

function parseKey(text: string): SigningKey {
  const end = text.indexOf(':')
  const id = text.slice(0, Math.max(end, 0))
  const secret = text.slice(end + 1)
  if (!isKeyId(id) || !/^[\x21-\x7e]+$/.test(secret) || secret.length < LEAST_SECRET) {
    throw new Error(RIGHT_KEYS)
  }
  requireUnguessable(secret)
  return { id, secret }
}
