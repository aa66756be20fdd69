import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { addressTexts, optionTexts } from './address.fixture.ts'
import type { ImageAddress } from './options.ts'
import { parseAddress } from './parse-address.ts'
import { parseOptions } from './parse-options.ts'
import { printAddress, printOptions } from './print-address.ts'

const read = (text: string): ImageAddress => {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`${text} has no extension`)
  return address
}

/** undefined if the text is refused. */
const tryTo = <Result>(parse: () => Result): Result | undefined => {
  try {
    return parse()
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

const detailOf = (parse: () => unknown) => {
  try {
    parse()
  } catch (error) {
    if (error instanceof AppError && error.message === 'Invalid parameters') return error.detail
    throw error
  }
  return undefined
}

describe('an address', () => {
  it.each<[string, Partial<ImageAddress>]>([
    ['w_800.webp', { options: { width: 800 } }],
    ['w_640,ar_16-9.webp', { options: { width: 640, ratio: [16, 9] } }],
    [
      'w_320,ar_1-1,pos_top,q_70.jpg',
      { options: { width: 320, ratio: [1, 1], position: 'top', quality: 70 }, extension: 'jpg' },
    ],
    ['hero.webp', { preset: 'hero' }],
    ['scaled.webp', { preset: 'scaled' }],
    ['high,w_800.jpg', { preset: 'high', options: { width: 800 }, extension: 'jpg' }],
    ['hero,v_3,w_800.webp', { preset: 'hero', revision: 3, options: { width: 800 } }],
    ['hero,frame_0,q_80.auto', { preset: 'hero', options: { quality: 80, frame: 0 } }],
    [`${'h'.repeat(32)}.png`, { preset: 'h'.repeat(32), extension: 'png' }],
    ['a-1.avif', { preset: 'a-1', extension: 'avif' }],
    [
      'w_800,h_600,fit_contain,bg_00ff0a.png',
      {
        options: { width: 800, height: 600, fit: 'contain', background: '00ff0a' },
        extension: 'png',
      },
    ],
    ['h_8192.auto', { options: { height: 8192 }, extension: 'auto' }],
    ['w_8192,h_4882.webp', { options: { width: 8192, height: 4882 } }],
    [
      'w_9,pos_50-0,crop_10-0-90-1.webp',
      {
        options: {
          width: 9,
          position: { x: 50, y: 0 },
          crop: { x: 10, y: 0, width: 90, height: 1 },
        },
      },
    ],
    [
      'rot_270,flip_v,blur_100,gray_1,frame_0,q_100.webp',
      { options: { rotate: 270, flip: 'v', blur: 100, gray: true, frame: 0, quality: 100 } },
    ],
    ['ar_21-9.webp', { options: { ratio: [21, 9] } }],
    ['.webp', {}],
    ['s_a-b_-9.webp', { signature: { id: 'a', value: 'b_-9' } }],
    [
      'hero,q_50,s_key1-x.webp',
      { preset: 'hero', options: { quality: 50 }, signature: { id: 'key1', value: 'x' } },
    ],
  ])('%s is canonical', (text, address) => {
    const extension = text.slice(text.lastIndexOf('.') + 1)
    expect(read(text)).toStrictEqual({ options: {}, extension, ...address })
    expect(printAddress(read(text))).toBe(text)
  })

  it.each([
    ['w_0800.webp', 'w_800.webp'],
    ['ar_016-09,w_00640.webp', 'w_640,ar_16-9.webp'],
    ['s_a-b,w_800,hero,v_03.webp', 'hero,v_3,w_800,s_a-b.webp'],
    [
      'q_70,frame_2,gray_1,blur_5,bg_000000,flip_h,rot_90.webp',
      'rot_90,flip_h,bg_000000,blur_5,gray_1,frame_2,q_70.webp',
    ],
    [
      'crop_1-2-3-4,pos_left,fit_cover,h_5,w_6.webp',
      'w_6,h_5,fit_cover,pos_left,crop_1-2-3-4.webp',
    ],
    ['w_80,fit_inside.webp', 'w_80.webp'],
    ['w_80,crop_0-0-100-100.webp', 'w_80.webp'],
    ['w_80,bg_ffffff.jpg', 'w_80.jpg'],
    ['w_80,bg_ffffff.webp', 'w_80,bg_ffffff.webp'],
    ['w_80,bg_ffffff.auto', 'w_80,bg_ffffff.auto'],
    ['w_80,frame_0.jpg', 'w_80.jpg'],
    ['w_80,frame_0.png', 'w_80.png'],
    ['w_80,frame_0.avif', 'w_80.avif'],
    ['w_80,frame_0.webp', 'w_80,frame_0.webp'],
    ['w_80,frame_0.auto', 'w_80,frame_0.auto'],
    ['w_80,q_80.webp', 'w_80.webp'],
    ['w_80,q_73.jpg', 'w_80.jpg'],
    ['w_80,q_61.avif', 'w_80.avif'],
    ['w_80,q_80.auto', 'w_80,q_80.auto'],
    ['hero,q_80,frame_0,crop_0-0-100-100.jpg', 'hero,crop_0-0-100-100,frame_0,q_80.jpg'],
    ['w_80,ar_32-18.webp', 'w_80,ar_16-9.webp'],
    ['w_80,ar_2-2.webp', 'w_80,ar_1-1.webp'],
    ['w_80,ar_8-5.webp', 'w_80,ar_16-10.webp'],
    ['w_80,ar_10-16.webp', 'w_80,ar_10-16.webp'],
    ['w_80,ar_3-7.webp', 'w_80,ar_9-21.webp'],
    ['w_80,ar_100-98.webp', 'w_80,ar_50-49.webp'],
    ['w_80,pos_050-007.webp', 'w_80,pos_50-7.webp'],
  ])('%s is another spelling of %s', (text, canonical) => {
    expect(printAddress(read(text))).toBe(canonical)
  })

  it.each(['scaled', 'high', 'w_800', '', 'foo_1', 'w_800,'.repeat(100)])(
    '%s has no extension',
    (text) => expect(parseAddress(text)).toBeUndefined(),
  )

  const WIDTH = 'it must be a whole number from 1 to 8192.'
  const EXTENSION = 'it must be webp, avif, jpg, png or auto.'
  const RATIO = 'it must be two whole numbers from 1 to 100, as in 16-9.'
  const CROP = 'it must be x-y-w-h in whole percents, inside the image, as in 25-0-50-100.'
  const NAMES =
    'an option is name_value, and its name must be w, ar, h, fit, pos, crop, rot, flip, bg, blur, gray, frame, q, v or s.'
  const PRESET =
    'is neither an option, which is name_value, nor the name of a preset; that must be a lower-case letter and up to 31 lower-case letters, digits or hyphens.'
  it.each([
    ['w_800.gif', `The extension is "gif"; ${EXTENSION}`],
    ['w_800.jpeg', `The extension is "jpeg"; ${EXTENSION}`],
    ['w_800.WEBP', `The extension is "WEBP"; ${EXTENSION}`],
    ['w_800.', `The extension is ""; ${EXTENSION}`],
    ['w_0.webp', `w is "0"; ${WIDTH}`],
    ['w_8193.webp', `w is "8193"; ${WIDTH}`],
    ['w_.webp', `w is ""; ${WIDTH}`],
    ['w_-5.webp', `w is "-5"; ${WIDTH}`],
    ['w_8e2.webp', `w is "8e2"; ${WIDTH}`],
    ['w_800.5.webp', `w is "800.5"; ${WIDTH}`],
    ['w_ 800.webp', `w is " 800"; ${WIDTH}`],
    ['w_٨٠٠.webp', `w is "٨٠٠"; ${WIDTH}`],
    ['w_1_2.webp', `w is "1_2"; ${WIDTH}`],
    ['h_9999999999999999999999.webp', `h is "9999999999999999999999"; ${WIDTH}`],
    ['w_800,w_800.webp', 'w is given more than once; give it once.'],
    ['ar_16.webp', `ar is "16"; ${RATIO}`],
    ['ar_16-0.webp', `ar is "16-0"; ${RATIO}`],
    ['ar_101-1.webp', `ar is "101-1"; ${RATIO}`],
    ['ar_16-9-1.webp', `ar is "16-9-1"; ${RATIO}`],
    ['ar_16:9.webp', `ar is "16:9"; ${RATIO}`],
    ['w_8,h_8,ar_1-1.webp', 'ar is given with both w and h; it must be with one of them at most.'],
    ['w_8,h_8,fit_fill.webp', 'fit is "fill"; it must be inside, cover or contain.'],
    ['w_8,fit_cover.webp', 'fit is cover; it needs both w and h, which are the box to fit into.'],
    ['fit_contain.webp', 'fit is contain; it needs both w and h, which are the box to fit into.'],
    [
      'hero,fit_inside.webp',
      'fit is "inside"; it must be cover or contain with a preset, or absent.',
    ],
    ['w_8192,h_4883.webp', 'w is 8192 and h is 4883; both together must be at most 40 megapixels.'],
    [
      'pos_middle.webp',
      'pos is "middle"; it must be center, top, right, bottom, left, top-left, top-right, bottom-left, bottom-right, attention, or x-y in whole percents, as in 50-20.',
    ],
    ['pos_101-0.webp', expect.stringMatching(/^pos is "101-0"; it must be center, /)],
    ['crop_0-0-0-50.webp', `crop is "0-0-0-50"; ${CROP}`],
    ['crop_51-0-50-50.webp', `crop is "51-0-50-50"; ${CROP}`],
    ['crop_0-1-50-100.webp', `crop is "0-1-50-100"; ${CROP}`],
    ['crop_0-0-50.webp', `crop is "0-0-50"; ${CROP}`],
    ['rot_0.webp', 'rot is "0"; it must be 90, 180 or 270.'],
    ['rot_91.webp', 'rot is "91"; it must be 90, 180 or 270.'],
    ['flip_x.webp', 'flip is "x"; it must be h or v.'],
    [
      'bg_FFFFFF.webp',
      'bg is "FFFFFF"; it must be six hexadecimal digits in lower case, as in ffcc00.',
    ],
    ['bg_fff.webp', expect.stringMatching(/^bg is "fff"; /)],
    ['blur_0.webp', 'blur is "0"; it must be a whole number from 1 to 100.'],
    ['gray_0.webp', 'gray is "0"; it must be 1.'],
    ['frame_100000.webp', 'frame is "100000"; it must be a whole number from 0 to 99999.'],
    ['q_0.webp', 'q is "0"; it must be a whole number from 1 to 100.'],
    ['q_101.webp', 'q is "101"; it must be a whole number from 1 to 100.'],
    [
      'q_70.png',
      'q is 70; it must not be given for png, which is lossless, but for webp, avif, jpg or auto.',
    ],
    ['hero,q_70.png', expect.stringMatching(/^q is 70; it must not be given for png/)],
    [
      'v_3.webp',
      'v is 3; it must come with a preset other than scaled and high, as the revision of that preset.',
    ],
    ['scaled,v_3.webp', expect.stringMatching(/^v is 3; it must come with a preset other than/)],
    ['hero,v_0.webp', 'v is "0"; it must be a whole number from 1 to 999999999.'],
    ['width_800.webp', `"width_800" is no option; ${NAMES}`],
    ['W_800.webp', `"W_800" is no option; ${NAMES}`],
    ['__proto___1.webp', `"__proto___1" is no option; ${NAMES}`],
    ['_800.webp', `"_800" is no option; ${NAMES}`],
    ['w_800,.webp', `"" is no option; ${NAMES}`],
    [',w_800.webp', `"" is no option; ${NAMES}`],
    ['w_800,,q_70.webp', `"" is no option; ${NAMES}`],
    ['Hero.webp', `"Hero" ${PRESET}`],
    ['1hero.webp', `"1hero" ${PRESET}`],
    [`${'h'.repeat(33)}.webp`, `"${'h'.repeat(33)}" ${PRESET}`],
    ['hero.min.webp', `"hero.min" ${PRESET}`],
    ['w=800.webp', `"w=800" ${PRESET}`],
    [
      'hero,teaser.webp',
      '"hero" and "teaser" have no _, like presets; give one preset, and options as name_value.',
    ],
    [
      's_abc.webp',
      's is "abc"; it must be <id>-<signature>, the id of a key (1 to 16 lower-case letters or digits) and a signature in base64url.',
    ],
    ['s_-abc.webp', expect.stringMatching(/^s is "-abc"; /)],
    ['s_A-abc.webp', expect.stringMatching(/^s is "A-abc"; /)],
    ['s_a-.webp', expect.stringMatching(/^s is "a-"; /)],
    ['s_a-b+c.webp', expect.stringMatching(/^s is "a-b\+c"; /)],
    [`w_${'0'.repeat(300)}.webp`, 'The options have 302 characters; they must have at most 300.'],
  ])('%s is refused', (text, detail) => {
    expect(detailOf(() => parseAddress(text))).toEqual(detail)
  })

  it('has room for every option at its longest', () => {
    const text =
      `${'h'.repeat(32)},v_999999999,w_4000,h_4000,fit_contain,pos_bottom-right,crop_10-10-90-90,rot_270,` +
      `flip_h,bg_ffffff,blur_100,gray_1,frame_99999,q_100,s_${'a'.repeat(16)}-${'A'.repeat(43)}.webp`
    expect(printAddress(read(text))).toBe(text)
  })

  it('keeps its meaning in its canonical spelling, which is one', () => {
    let accepted = 0
    fc.assert(
      fc.property(addressTexts, (text) => {
        const address = tryTo(() => read(text))
        if (address === undefined) return
        accepted++
        const canonical = printAddress(address)
        expect(read(canonical)).toStrictEqual(address)
        expect(printAddress(read(canonical))).toBe(canonical)
      }),
      { numRuns: 1000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  it('is refused with one sentence, whatever the text', () => {
    const part = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'whqar_,.-0159') }),
      fc
        .tuple(fc.constantFrom('w', 'ar', 'crop', 'pos', 's', 'v', 'toString'), fc.string())
        .map((pair) => pair.join('_')),
    )
    fc.assert(
      fc.property(fc.array(part), fc.constantFrom('webp', 'png', 'x'), (parts, extension) => {
        const text = `${parts.join(',')}.${extension}`
        const address = tryTo(() => parseAddress(text))
        if (address !== undefined) return
        expect(detailOf(() => parseAddress(text))).toMatch(/^[^\n]{20,400}\.$/)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the options of a preset', () => {
  it.each([
    ['w_1600,ar_21-9,q_85', { width: 1600, ratio: [21, 9], quality: 85 }, 'w_1600,ar_21-9,q_85'],
    ['frame_0,q_080,w_5', { width: 5, frame: 0, quality: 80 }, 'w_5,frame_0,q_80'],
    ['', {}, ''],
  ])('%j are read', (text, options, canonical) => {
    expect(parseOptions(text)).toStrictEqual(options)
    expect(printOptions(parseOptions(text), 'auto')).toBe(canonical)
  })

  it.each([
    'hero',
    'w_5,hero',
    'v_3',
    's_a-b',
    'w_5.webp',
    'fit_cover',
    'w_5,',
    'x_1',
    'w_8,h_8,ar_1-1',
  ])('%s are refused', (text) => expect(detailOf(() => parseOptions(text))).toBeTypeOf('string'))

  it('keep their meaning in their canonical spelling', () => {
    fc.assert(
      fc.property(optionTexts, (text) => {
        const options = tryTo(() => parseOptions(text))
        if (options === undefined) return
        expect(parseOptions(printOptions(options, 'auto'))).toStrictEqual(options)
      }),
    )
  })
})
