import fc from 'fast-check'
import type { Extension } from './options.ts'
import { SPELLINGS } from './spellings.ts'

/** Values of each option as people may write them: with leading zeros, and at their defaults. */
const VALUES: { readonly [Member in keyof typeof SPELLINGS]: fc.Arbitrary<string> } = {
  width: wholes(1, 4000),
  ratio: fc.tuple(wholes(1, 100), wholes(1, 100)).map((parts) => parts.join('-')),
  height: wholes(1, 4000),
  fit: fc.constantFrom('inside', 'cover', 'contain'),
  position: fc.oneof(
    fc.constantFrom('center', 'top', 'bottom-right', 'attention'),
    fc.tuple(wholes(0, 100), wholes(0, 100)).map((parts) => parts.join('-')),
  ),
  crop: fc.oneof(
    fc.constant('0-0-100-100'),
    fc
      .tuple(wholes(0, 50), wholes(0, 50), wholes(1, 50), wholes(1, 50))
      .map((parts) => parts.join('-')),
  ),
  rotate: fc.constantFrom('90', '180', '0270'),
  flip: fc.constantFrom('h', 'v'),
  background: fc.constantFrom('ffffff', '00ff0a'),
  blur: wholes(1, 100),
  gray: fc.constantFrom('1', '01'),
  frame: wholes(0, 300),
  quality: fc.oneof(fc.constantFrom('61', '73', '80'), wholes(1, 100)),
}

function wholes(min: number, max: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.integer({ min, max }), fc.constantFrom('', '', '0', '00'))
    .map(([value, zeros]) => zeros + value)
}

const parts = fc
  .record(VALUES, { requiredKeys: [] })
  .map((values) =>
    Object.entries(values).map(
      ([member, text]) => `${SPELLINGS[member as keyof typeof VALUES].name}_${text}`,
    ),
  )
  .chain((texts) => fc.shuffledSubarray(texts, { minLength: texts.length }))

export const extensions: fc.Arbitrary<Extension> = fc.constantFrom(
  'webp',
  'avif',
  'jpg',
  'png',
  'auto',
)

/** Lists of options in any order. Each is right for itself; together they may contradict each other. */
export const optionTexts: fc.Arbitrary<string> = parts.map((texts) => texts.join(','))

/** Addresses, with and without a preset and a signature, whose options may contradict each other. */
export const addressTexts: fc.Arbitrary<string> = fc
  .tuple(
    parts,
    fc.constantFrom([], [], ['hero'], ['hero', 'v_3'], ['scaled'], ['a-1', 'v_01']),
    fc.constantFrom([], ['s_a1-dGVzdA_-']),
    extensions,
  )
  .chain(([options, preset, signature, extension]) => {
    const all = [...preset, ...options, ...signature]
    return fc
      .shuffledSubarray(all, { minLength: all.length })
      .map((texts) => `${texts.join(',')}.${extension}`)
  })
