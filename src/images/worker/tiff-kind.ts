import type { FileHandle } from 'node:fs/promises'
import type { Kind } from './known-kinds.ts'

/** Bounds of the search: more than any camera's raw image needs to be recognised. */
const MAX_DIRECTORIES = 8
const MAX_ENTRIES = 512
const MAX_TEXT = 64

/** Tags: TIFF 6.0, section 8; TIFF/EP; the DNG specification. */
const COMPRESSION = 259
const PHOTOMETRIC = 262
const MAKE = 271
const SUB_DIRECTORIES = 330
const DNG_VERSION = 50706

/** Values that only raw images have: colour filter array, linear raw, and compressions of makers. */
const RAW_PHOTOMETRICS: readonly number[] = [32803, 34892]
const RAW_COMPRESSIONS: readonly number[] = [32767, 32769, 32770, 32867, 34713, 65535]

/** By the start of the maker's name, in capitals. */
const MAKERS: readonly (Kind & { maker: string })[] = [
  raw('NIKON', 'a Nikon camera (NEF)', 'image/x-nikon-nef'),
  raw('SONY', 'a Sony camera (ARW)', 'image/x-sony-arw'),
  raw('CANON', 'a Canon camera (CR2)', 'image/x-canon-cr2'),
  raw('PENTAX', 'a Pentax camera (PEF)', 'image/x-pentax-pef'),
  raw('RICOH', 'a Pentax camera (PEF)', 'image/x-pentax-pef'),
  raw('OLYMPUS', 'an Olympus camera (ORF)', 'image/x-olympus-orf'),
  raw('SAMSUNG', 'a Samsung camera (SRW)', 'image/x-samsung-srw'),
  raw('EPSON', 'an Epson camera (ERF)', 'image/x-epson-erf'),
  raw('HASSELBLAD', 'a Hasselblad camera (3FR)', 'image/x-hasselblad-3fr'),
  raw('KODAK', 'a Kodak camera', 'image/x-kodak-dcr'),
]

function raw(maker: string, camera: string, type: string) {
  return { maker, name: `a raw image of ${camera}`, type }
}

export const TIFF: Kind = { name: 'a TIFF image', type: 'image/tiff' }

/** Kinds by the first four bytes, in Latin-1. */
const HEADERS: Readonly<Record<string, Kind>> = {
  'II*\0': TIFF,
  'MM\0*': TIFF,
  'II+\0': TIFF,
  'MM\0+': TIFF,
  'IIU\0': { name: 'a raw image of a Panasonic camera (RW2)', type: 'image/x-panasonic-rw2' },
  IIRO: { name: 'a raw image of an Olympus camera (ORF)', type: 'image/x-olympus-orf' },
  IIRS: { name: 'a raw image of an Olympus camera (ORF)', type: 'image/x-olympus-orf' },
  MMOR: { name: 'a raw image of an Olympus camera (ORF)', type: 'image/x-olympus-orf' },
}

/**
 * Distinguishes a TIFF from raw images in TIFF format, by the entries of its directories. The name of a
 * camera's maker alone does not make it a raw image.
 *
 * @param start the first bytes of the file
 */
export async function tiffKind(file: FileHandle, start: Buffer): Promise<Kind | undefined> {
  const known = HEADERS[start.toString('latin1', 0, 4)]
  if (known !== TIFF || start[2] === 0x2b || start[3] === 0x2b) return known
  if (start.toString('latin1', 8, 11) === 'CR\x02') {
    return { name: 'a raw image of a Canon camera (CR2)', type: 'image/x-canon-cr2' }
  }
  const read = createReader(file, start[0] === 0x49)
  const waiting = [await read.uint32(4)]
  let [make, isRaw] = ['', false]
  for (let index = 0; index < waiting.length && index < MAX_DIRECTORIES; index++) {
    for (const entry of await read.directory(waiting[index] ?? 0)) {
      const { tag, value, count } = entry
      if (tag === DNG_VERSION) return { name: 'a raw image (DNG)', type: 'image/x-adobe-dng' }
      if (tag === MAKE) make = await read.text(entry)
      else if (tag === COMPRESSION) isRaw ||= RAW_COMPRESSIONS.includes(value)
      else if (tag === PHOTOMETRIC) isRaw ||= RAW_PHOTOMETRICS.includes(value)
      else if (tag === SUB_DIRECTORIES) {
        if (count === 1) waiting.push(value)
        else {
          for (let each = 0; each < Math.min(count, MAX_DIRECTORIES); each++) {
            waiting.push(await read.uint32(value + 4 * each))
          }
        }
      }
    }
  }
  if (!isRaw) return TIFF
  const maker = MAKERS.find((each) => make.toUpperCase().startsWith(each.maker))
  return maker ?? { name: 'a raw image of a camera', type: 'image/x-raw' }
}

interface Entry {
  tag: number
  count: number
  /** The value itself if it is one short or long; else the offset of the values. */
  value: number
  /** Offset of the value field. */
  at: number
}

/** Reads numbers and texts at any offset of a file. Beyond its end, all bytes are 0. */
function createReader(file: FileHandle, isLittle: boolean) {
  const bytesAt = async (at: number, length: number) => {
    const buffer = Buffer.alloc(length)
    await file.read(buffer, 0, length, at)
    return buffer
  }
  const short = (bytes: Buffer, at: number) =>
    isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
  const long = (bytes: Buffer, at: number) =>
    isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  return {
    uint32: async (at: number) => long(await bytesAt(at, 4), 0),
    async directory(at: number): Promise<Entry[]> {
      const count = Math.min(short(await bytesAt(at, 2), 0), MAX_ENTRIES)
      const bytes = await bytesAt(at + 2, count * 12)
      return Array.from({ length: count }, (_, index) => {
        const start = index * 12
        const isShort = short(bytes, start + 2) === 3
        return {
          tag: short(bytes, start),
          count: long(bytes, start + 4),
          value: isShort ? short(bytes, start + 8) : long(bytes, start + 8),
          at: at + 2 + start + 8,
        }
      })
    },
    async text({ count, value, at }: Entry): Promise<string> {
      const bytes = await bytesAt(count > 4 ? value : at, Math.min(count, MAX_TEXT))
      return bytes.toString('latin1')
    },
  }
}
