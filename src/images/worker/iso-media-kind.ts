import type { Kind } from './known-kinds.ts'

/**
 * Kinds of files of boxes (ISO/IEC 14496-12) by brand. The major brand counts first, then the first entry
 * with a compatible brand: the major brand of a HEIC may be `mif1`, which only says that it holds images.
 */
const BY_BRAND: readonly (Kind & { brands: readonly string[] })[] = [
  kind('a raw image of a Canon camera (CR3)', 'image/x-canon-cr3', 'crx '),
  kind('an animated AVIF', 'image/avif-sequence', 'avis'),
  kind('an AVIF image', 'image/avif', 'avif', 'avio'),
  kind('a HEIC image', 'image/heic', 'heic', 'heix', 'heim', 'heis'),
  kind('a HEIC sequence', 'image/heic-sequence', 'hevc', 'hevx', 'hevm', 'hevs'),
  kind('a HEIF image with H.264 inside', 'image/avci', 'avci', 'avcs'),
  kind('a HEIF image with H.266 inside', 'image/vvic', 'vvic', 'vvis'),
  kind('a HEIF image with JPEG inside', 'image/heif', 'jpeg', 'jpgs'),
  kind('a HEIF image with JPEG 2000 inside', 'image/hej2k', 'j2ki', 'j2is'),
]
export const HEIF: Kind = { name: 'a HEIF image', type: 'image/heif' }

/** Boxes that show the kind if no brand does. */
const BY_CONFIGURATION: readonly (readonly [box: string, brand: string])[] = [
  ['av1C', 'avif'],
  ['hvcC', 'heic'],
]
const BRANDS_OF_IMAGES: readonly string[] = ['mif1', 'mif2', 'msf1', 'miaf', '1pic']

/** Kinds that are not images. Only the major brand counts. */
const NO_IMAGES: readonly (Kind & { brands: readonly string[] })[] = [
  kind('a QuickTime video', 'video/quicktime', 'qt  '),
  kind('an MP4 sound', 'audio/mp4', 'M4A ', 'M4B ', 'M4P ', 'F4A ', 'F4B '),
]

function kind(name: string, type: string, ...brands: string[]) {
  return { name, type, brands }
}

/**
 * @param start the first bytes of a file
 * @returns undefined if the file does not begin with the box of brands, `ftyp`
 */
export function isoMediaKind(start: Buffer): Kind | undefined {
  if (start.toString('latin1', 4, 8) !== 'ftyp') return undefined
  const end = Math.min(start.readUInt32BE(0), start.length)
  const brandAt = (at: number) => start.toString('latin1', at, at + 4)
  const major = brandAt(8)
  const brands = [major]
  for (let at = 16; at + 4 <= end; at += 4) brands.push(brandAt(at))

  const known = [...NO_IMAGES, ...BY_BRAND].find((each) => each.brands.includes(major))
  if (known) return known
  // A video that also holds a still image is a video.
  const isImage = BRANDS_OF_IMAGES.includes(major) || holdsPicture(start)
  if (isImage) {
    for (const [box, brand] of BY_CONFIGURATION) {
      const isSaid = BY_BRAND.some((each) => each.brands.some((name) => brands.includes(name)))
      if (!isSaid && start.includes(box, 0, 'latin1')) brands.push(brand)
    }
    return BY_BRAND.find((each) => each.brands.some((name) => brands.includes(name))) ?? HEIF
  }
  return major.startsWith('3g')
    ? { name: 'a 3GPP video', type: 'video/3gpp' }
    : { name: 'an MP4 video', type: 'video/mp4' }
}

/** Whether the handler of the file's metadata is `pict`. */
function holdsPicture(start: Buffer): boolean {
  const handler = start.indexOf('hdlr', 0, 'latin1')
  return handler !== -1 && start.toString('latin1', handler + 12, handler + 16) === 'pict'
}
