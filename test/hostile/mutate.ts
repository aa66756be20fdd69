/** Valid files of every accepted format, spoilt in many ways. */
import sharp from 'sharp'
import {
  makeAnimatedGif,
  makeAnimatedPng,
  makeAnimatedWebp,
  makeAvif,
  makeBmp,
  makeCmykJpeg,
  makeDeepPng,
  makeDrawing,
  makeGif,
  makeJpeg,
  makePhonePhoto,
  makePng,
  makeProgressiveJpeg,
  makeTiff,
  makeTransparentPng,
  makeWebp,
  readFixture,
} from '../fixtures.ts'
import { type Container, lieAboutLength, mendChecksum, split } from './pieces.ts'
import { createRandom, type Random } from './random.ts'

export interface Specimen {
  /** A description. For a mutation it contains the seed and number that reproduce it. */
  name: string
  bytes: Buffer
}

interface Original {
  container: Container
  name: string
  bytes: Buffer
}

async function makeOriginals(): Promise<[Original, ...Original[]]> {
  const shape = { width: 40, height: 30 }
  const lossless = async () =>
    sharp(await makePng(shape))
      .webp({ lossless: true })
      .toBuffer()
  const make = async (container: Container, name: string, bytes: Promise<Buffer>) => ({
    container,
    name,
    bytes: await bytes,
  })
  return Promise.all([
    make('jpeg', 'JPEG', makeJpeg(shape)),
    make('jpeg', 'progressive JPEG', makeProgressiveJpeg(shape)),
    make('jpeg', 'CMYK JPEG', makeCmykJpeg(shape)),
    make('jpeg', 'photo', makePhonePhoto(shape)),
    make('png', 'PNG', makePng(shape)),
    make('png', 'transparent PNG', makeTransparentPng(shape)),
    make('png', '16-bit PNG', makeDeepPng(shape)),
    make('png', 'animated PNG', makeAnimatedPng()),
    make('webp', 'WebP', makeWebp(shape)),
    make('webp', 'lossless WebP', lossless()),
    make('webp', 'animated WebP', makeAnimatedWebp(3, shape)),
    make('gif', 'GIF', makeGif(shape)),
    make('gif', 'animated GIF', makeAnimatedGif(3, shape)),
    make('avif', 'AVIF', makeAvif(shape)),
    make('plain', 'TIFF', makeTiff(shape, { compression: 'lzw', predictor: 'horizontal' })),
    make('plain', 'tiled TIFF', makeTiff(shape, { compression: 'jpeg', tile: true })),
  ])
}

/** Of formats whose decoder needs a process for each file. */
async function makeForeignOriginals(): Promise<[Original, ...Original[]]> {
  const make = (container: Container, name: string, bytes: Buffer) => ({ container, name, bytes })
  return [
    make('plain', 'SVG', makeDrawing()),
    make('avif', 'HEIC', readFixture('quarters.heic')),
    make('avif', 'transparent HEIC', readFixture('quarters-alpha.heic')),
    make('avif', 'animated AVIF', readFixture('red-green-blue.avif')),
    make('plain', 'JPEG XL', readFixture('quarters-alpha.jxl')),
    make('plain', 'BMP', await makeBmp({ width: 40, height: 30 })),
  ]
}

/** One of this many mutations is of a format that takes a process for each file. */
const FOREIGN_EVERY = 8

const pickInTurn = <T>([first, ...others]: readonly [T, ...T[]], number: number): T =>
  [first, ...others][number % (others.length + 1)] ?? first

/** Numbers that often cause arithmetic errors. */
const AWKWARD: readonly [number, ...number[]] = [
  0, 1, 2, 7, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0xfffffff0, 0xffffffff,
]

type Spoil = (pieces: Buffer[], random: Random, original: Original) => Buffer[]

/** Changes one randomly chosen piece. */
const changeOne =
  (change: (piece: Buffer, random: Random, original: Original) => Buffer[]): Spoil =>
  (pieces, random, original) => {
    const chosen = random.below(pieces.length)
    return pieces.flatMap((piece, index) =>
      index === chosen ? change(piece, random, original) : [piece],
    )
  }

const overwrite = (piece: Buffer, at: number, bytes: Buffer): Buffer => {
  const changed = Buffer.from(piece)
  bytes.copy(changed, at)
  return changed
}

const SPOILS: Readonly<Record<string, Spoil>> = {
  flip: changeOne((piece, random) => {
    const at = random.below(piece.length)
    return [overwrite(piece, at, Buffer.from([(piece[at] ?? 0) ^ (1 << random.below(8))]))]
  }),
  overwrite: changeOne((piece, random) => {
    const bytes = random.bytes(1 + random.below(16))
    return [overwrite(piece, random.below(piece.length), bytes)]
  }),
  number: changeOne((piece, random) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(random.pick(AWKWARD))
    const at = random.below(piece.length)
    return [overwrite(piece, at, random.next() < 0.5 ? bytes : bytes.subarray(2).reverse())]
  }),
  blank: changeOne((piece, random) => {
    const [from, to] = [random.below(piece.length), random.below(piece.length)]
    return [Buffer.from(piece).fill(random.pick([0, 0xff]), Math.min(from, to), Math.max(from, to))]
  }),
  lie: changeOne((piece, random, { container }) => [
    lieAboutLength(container, piece, random.pick([...AWKWARD, piece.length, piece.length - 1])),
  ]),
  remove: changeOne(() => []),
  repeat: changeOne((piece, random) => new Array(random.pick([2, 3, 50])).fill(piece)),
  cut: changeOne((piece, random) => [piece.subarray(0, random.below(piece.length))]),
  insert: changeOne((piece, random) => [piece, random.bytes(random.below(64))]),
  swap: (pieces, random) => {
    const [one, other] = [random.below(pieces.length), random.below(pieces.length)]
    return pieces.map((piece, index) =>
      index === one ? (pieces[other] ?? piece) : index === other ? (pieces[one] ?? piece) : piece,
    )
  },
  reverse: (pieces) => [...pieces.slice(0, 1), ...pieces.slice(1).reverse()],
  truncate: (pieces, random) => {
    const file = Buffer.concat(pieces)
    return [file.subarray(0, random.below(file.length))]
  },
  trail: (pieces, random) => [...pieces, random.bytes(1 + random.below(256))],
}

const SPOIL_NAMES = Object.keys(SPOILS)

/** Yields mutations without end. The same seed gives the same ones. */
export async function* mutations(seed: number): AsyncGenerator<Specimen> {
  const originals = await makeOriginals()
  const foreign = await makeForeignOriginals()
  for (let number = 0; ; number++) {
    // Each mutation has a generator of its own, so that it can be reproduced without the earlier ones.
    const random = createRandom(Math.imul(seed, 1_000_003) + number)
    const isForeign = number % FOREIGN_EVERY === FOREIGN_EVERY - 1
    const original = isForeign
      ? pickInTurn(foreign, Math.floor(number / FOREIGN_EVERY))
      : pickInTurn(originals, number - Math.floor(number / FOREIGN_EVERY))
    const done: string[] = []
    let pieces = split(original.container, original.bytes)
    for (let times = random.pick([1, 1, 2, 4]); times > 0 && pieces.length > 0; times--) {
      const name = SPOIL_NAMES[random.below(SPOIL_NAMES.length)] ?? 'flip'
      pieces = (SPOILS[name]?.(pieces, random, original) ?? pieces).filter(
        ({ length }) => length > 0,
      )
      done.push(name)
    }
    if (original.container === 'png' && random.next() < 0.7) {
      pieces = pieces.map((piece, index) => (index === 0 ? piece : mendChecksum(piece)))
    }
    const name = `${original.name}: ${done.join(', ')} (seed ${seed}, number ${number})`
    yield { name, bytes: Buffer.concat(pieces) }
  }
}
