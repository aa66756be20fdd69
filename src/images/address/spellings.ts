import { readWhole, readWholes } from './numbers.ts'
import type { Options, Position } from './options.ts'
import { printRatio, RIGHT_RATIO, readRatio } from './ratio.ts'

/** How an option is written in an address: `name_value`. */
export interface Spelling<Value> {
  readonly name: string
  /** What a value must be. Completes "it must be …". */
  readonly right: string
  /** Reads a value: undefined if it is wrong, null if it is the default that only an absent option can express. */
  readonly read: (text: string) => Value | undefined | null
  readonly print: (value: Value) => string
}

export type Value<Member extends keyof Options> = NonNullable<Options[Member]>

/** Guards memory and processor time. */
export const MAX_SIDE = 8192
/** As many as the largest `VITRINE_MAX_IMAGE_FRAMES`. */
const MAX_FRAMES = 100_000

const PERCENT = [0, 100] as const
const SIZE_PERCENT = [1, 100] as const

const whole = (name: string, min: number, max: number): Spelling<number> => ({
  name,
  right: `a whole number from ${min} to ${max}`,
  read: (text) => readWhole(text, min, max),
  print: String,
})

/** One of some values. Each is written as it is. */
const oneOf = <T extends string | number>(name: string, values: readonly T[]): Spelling<T> => ({
  name,
  right: listNames(values),
  read: (text) => values.find((value) => String(value) === text),
  print: String,
})

const POSITIONS = [
  'center',
  'top',
  'right',
  'bottom',
  'left',
  'top-left',
  'top-right',
  'bottom-left',
  'bottom-right',
  'attention',
] as const satisfies Position[]

const FIT: Spelling<'cover' | 'contain'> = oneOf('fit', ['cover', 'contain'])

/** All options. Their order is the order in an address. */
export const SPELLINGS: { readonly [Member in keyof Required<Options>]: Spelling<Value<Member>> } =
  {
    width: whole('w', 1, MAX_SIDE),
    ratio: { name: 'ar', right: RIGHT_RATIO, read: readRatio, print: printRatio },
    height: whole('h', 1, MAX_SIDE),
    fit: {
      ...FIT,
      right: 'inside, cover or contain',
      read: (text) => (text === 'inside' ? null : FIT.read(text)),
    },
    position: {
      name: 'pos',
      right: `${POSITIONS.join(', ')}, or x-y in whole percents, as in 50-20`,
      read: readPosition,
      print: (position) =>
        typeof position === 'string' ? position : `${position.x}-${position.y}`,
    },
    crop: {
      name: 'crop',
      right: 'x-y-w-h in whole percents, inside the image, as in 25-0-50-100',
      read: readCrop,
      print: ({ x, y, width, height }) => `${x}-${y}-${width}-${height}`,
    },
    rotate: {
      ...whole('rot', 90, 270),
      right: '90, 180 or 270',
      read: (text) => ([90, 180, 270] as const).find((turn) => turn === readWhole(text, 90, 270)),
    },
    flip: oneOf('flip', ['h', 'v']),
    background: {
      name: 'bg',
      right: 'six hexadecimal digits in lower case, as in ffcc00',
      read: (text) => (/^[\da-f]{6}$/.test(text) ? text : undefined),
      print: String,
    },
    blur: whole('blur', 1, 100),
    gray: {
      name: 'gray',
      right: '1',
      read: (text) => (readWhole(text, 1, 1) === 1 ? true : undefined),
      print: () => '1',
    },
    frame: whole('frame', 0, MAX_FRAMES - 1),
    quality: whole('q', 1, 100),
  }

/** The members of `Options`, in the order of an address. */
export const MEMBERS = Object.keys(SPELLINGS) as readonly (keyof Options)[]

/** As people list names: `a, b or c`. */
export function listNames(names: readonly (string | number)[]): string {
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

function readPosition(text: string): Position | undefined {
  const name = POSITIONS.find((candidate) => candidate === text)
  if (name !== undefined) return name
  const point = readWholes(text, [PERCENT, PERCENT])
  return point && { x: point[0], y: point[1] }
}

function readCrop(text: string): Value<'crop'> | undefined {
  const numbers = readWholes(text, [PERCENT, PERCENT, SIZE_PERCENT, SIZE_PERCENT])
  if (numbers === undefined) return undefined
  const [x, y, width, height] = numbers
  return x + width <= 100 && y + height <= 100 ? { x, y, width, height } : undefined
}
