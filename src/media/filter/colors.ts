import { quote } from '../../base/errors.ts'

/** The names of colours, as filters take them. */
export const COLOR_NAMES = [
  'red',
  'orange',
  'yellow',
  'green',
  'teal',
  'blue',
  'purple',
  'pink',
  'brown',
  'black',
  'gray',
  'white',
] as const

export type ColorName = (typeof COLOR_NAMES)[number]

/** Lightness from 0 to 1, green to red, blue to yellow. */
type Oklab = readonly [number, number, number]

/**
 * The name nearest to a colour. Each name stands at many places of OKLab, and the nearest place decides: dark orange
 * is brown, light red is pink.
 *
 * @param color `#rrggbb`, in sRGB
 * @throws RangeError for any other text
 */
export function nearestColorName(color: string): ColorName {
  const [lightness, a, b] = toOklab(color)
  let [nearest, least]: [ColorName, number] = ['black', Number.POSITIVE_INFINITY]
  for (const [name, place] of PLACES) {
    const distance = (lightness - place[0]) ** 2 + (a - place[1]) ** 2 + (b - place[2]) ** 2
    if (distance < least) [nearest, least] = [name, distance]
  }
  return nearest
}

/** The colours that CSS gives these names: CSS Color Module Level 4, section 6.1. */
const CSS_COLORS: Readonly<Record<ColorName, string>> = {
  red: '#ff0000',
  orange: '#ffa500',
  yellow: '#ffff00',
  green: '#008000',
  teal: '#008080',
  blue: '#0000ff',
  purple: '#800080',
  pink: '#ffc0cb',
  brown: '#a52a2a',
  black: '#000000',
  gray: '#808080',
  white: '#ffffff',
}

/** Lightness of the places without any hue. */
const ACHROMATIC = {
  black: [0.05, 0.15, 0.25],
  gray: [0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.915],
  white: [0.945, 0.985],
} as const

const LETTERS: Readonly<Record<string, ColorName>> = {
  R: 'red',
  O: 'orange',
  Y: 'yellow',
  G: 'green',
  T: 'teal',
  B: 'blue',
  P: 'purple',
  K: 'pink',
  N: 'brown',
}

/**
 * Rings of places around the axis from black to white: lightness, chroma, and the name every 15 degrees of hue, from 0
 * on. Some places lie just outside sRGB.
 */
const RINGS = [
  [0.15, 0.05, 'RRNNNNNGGGGGTTTBBBBBPPPP'],
  [0.25, 0.035, 'NNNNNNNGGGGGTTTBBBBBPPPP'],
  [0.25, 0.08, 'PRRNNNNGGGGGTTTBBBBBPPPP'],
  [0.28, 0.13, 'PRRNNNNGGGGGTTTBBBBPPPPP'],
  [0.35, 0.035, 'NNNNNNNGGGGGTTTBBBBBPPPP'],
  [0.35, 0.09, 'RRNNNNNGGGGGTTTBBBBPPPPP'],
  [0.38, 0.16, 'RRRNNNNGGGGGTTTBBBBPPPPP'],
  [0.45, 0.05, 'NNNNNNNGGGGGTTTBBBBBPPPP'],
  [0.45, 0.1, 'RRNNNNNGGGGGTTTBBBBPPPPP'],
  [0.48, 0.17, 'RRRNNNNGGGGGTTTBBBBPPPPP'],
  [0.55, 0.05, 'KNNNNNNGGGGGTTTBBBBBPPPK'],
  [0.55, 0.11, 'KRNNNNNGGGGGTTTBBBBPPPPK'],
  [0.58, 0.2, 'KRROONYGGGGGTTTBBBBPPPPK'],
  [0.65, 0.05, 'KKNNNNNGGGGGTTTBBBBBPPPK'],
  [0.65, 0.11, 'KKNNNNYGGGGGTTTBBBBPPPPK'],
  [0.66, 0.18, 'KRROOYYYGGGGTTTBBBBPPPPK'],
  [0.65, 0.26, 'KRROOYYGGGGGTTTBBBBPPPKK'],
  [0.75, 0.05, 'KKNNNNNGGGGGTTTBBBBBPPPK'],
  [0.75, 0.11, 'KKKOONYGGGGGTTTBBBBPPPPK'],
  [0.76, 0.18, 'KKKOOOYYGGGGTTTBBBBPPPPK'],
  [0.85, 0.05, 'KKKOONYGGGGGTTBBBBBPPPPK'],
  [0.85, 0.11, 'KKKOOYYYGGGGTTBBBBBPPPPK'],
  [0.87, 0.18, 'KKKOOYYYGGGGTTBBBBBPPPPK'],
  [0.93, 0.04, 'KKKOOYYYGGGGTBBBBBBPPPPK'],
  [0.97, 0.07, '      YYG               '],
] as const

const PLACES: readonly (readonly [ColorName, Oklab])[] = [
  ...COLOR_NAMES.map((name) => [name, toOklab(CSS_COLORS[name])] as const),
  ...(['black', 'gray', 'white'] as const).flatMap((name) =>
    ACHROMATIC[name].map((lightness) => [name, [lightness, 0, 0]] as const),
  ),
  ...RINGS.flatMap(([lightness, chroma, letters]) =>
    [...letters].flatMap((letter, index) => {
      const name = LETTERS[letter]
      const hue = (index * 15 * Math.PI) / 180
      const place: Oklab = [lightness, chroma * Math.cos(hue), chroma * Math.sin(hue)]
      return name ? [[name, place] as const] : []
    }),
  ),
]

/** Björn Ottosson, "A perceptual color space for image processing", 2020: https://bottosson.github.io/posts/oklab/ */
export function toOklab(color: string): Oklab {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color)
  if (!match) throw new RangeError(`${quote(color)} is no colour like #rrggbb.`)
  const [red = 0, green = 0, blue = 0] = match.slice(1).map(toLight)
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ]
}

/** Linear light from two hexadecimal digits of sRGB: IEC 61966-2-1. */
function toLight(digits: string): number {
  const value = Number.parseInt(digits, 16) / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}
