import { thumbHashToDataURL } from 'thumbhash'
import type { Extension, ImageAddress } from '../../images/address/options.ts'
import { TYPES } from '../../images/delivery/choose-format.ts'
import type { Plan } from '../../images/plan/plan.ts'
import {
  type Candidate,
  candidatesOf,
  type Look,
  planLook,
  srcsetOf,
  storedCandidates,
} from './candidates.ts'
import type { ItemImage } from './find-image.ts'

/** Programs that know no `srcset` get the first image from this width on. */
const FALLBACK_WIDTH = 1200

export interface PictureOptions {
  /** The ladder of widths. Undefined: there are only `scaled` and `high`. */
  widths: readonly number[] | undefined
  avif: boolean
  /** @returns the URL of an image of this item */
  urlOf: (address: ImageAddress) => string
  /** Without a preset, the look has no options. */
  look: Look
  /** The attribute; undefined: as wide as the image, or as the page if that is narrower. */
  sizes: string | undefined
}

/** The HTML of an item's image, for any page. */
export function pictureOf(image: ItemImage, options: PictureOptions): string {
  const { widths, avif, urlOf, look } = options
  const { source } = image
  const plan = planLook(look, source, 'webp')
  const { width, height } = look.preset === undefined ? source : plan
  const sizes = options.sizes ?? `(max-width: ${width}px) 100vw, ${width}px`
  const [fallback, ...formats] = formatsOf(plan, image, { avif, isStored: widths === undefined })
  const candidatesIn = (format: Exclude<Extension, 'auto'>) =>
    widths === undefined
      ? storedCandidates(source, look.preset)
      : candidatesOf(look, source, widths, format)

  const sources = formats.map((format) =>
    tag('source', { type: TYPES[format], srcset: srcsetOf(candidatesIn(format), urlOf), sizes }),
  )
  const img = tag('img', {
    src: urlOf(fallbackOf(candidatesIn(fallback))),
    width: `${width}`,
    height: `${height}`,
    alt: image.alt ?? '',
    loading: 'lazy',
    ...placeholderOf(plan, image, look),
  })
  return ['<picture>', ...[...sources, img].map((line) => `  ${line}`), '</picture>'].join('\n')
}

type Format = Exclude<Extension, 'auto'>

/** The format of the fallback, and those of the sources, the best first. */
function formatsOf(
  plan: Plan,
  image: ItemImage,
  { avif, isStored }: { avif: boolean; isStored: boolean },
): [fallback: Format, ...sources: Format[]] {
  if (isStored || plan.animated) return ['webp', 'webp']
  const fallback = isTransparent(plan, image) ? 'png' : 'jpg'
  return avif ? [fallback, 'avif', 'webp'] : [fallback, 'webp']
}

/** Whether a page may show through. */
const isTransparent = ({ background, inset }: Plan, { source }: ItemImage): boolean =>
  background === undefined && (source.hasAlpha || inset !== undefined)

function fallbackOf(candidates: readonly Candidate[]): ImageAddress {
  const chosen = candidates.find(({ width }) => width >= FALLBACK_WIDTH) ?? candidates.at(-1)
  if (!chosen) throw new Error('There is no size of the image.')
  return chosen.address
}

/** A blurred image behind the image until that is there. Behind a transparent one it would stay visible. */
function placeholderOf(plan: Plan, image: ItemImage, { options }: Look): { style?: string } {
  const { crop, rotate, flip, gray } = options
  const looksOther = crop ?? rotate ?? flip ?? gray
  if (isTransparent(plan, image) || looksOther !== undefined) return {}
  const url = thumbHashToDataURL(Buffer.from(image.thumbhash, 'base64'))
  return { style: `background: url(${url}) center / cover` }
}

const tag = (name: string, attributes: Readonly<Record<string, string>>): string =>
  `<${[name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escapeText(value)}"`)].join(' ')}>`

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
