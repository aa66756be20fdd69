import { withoutDefaults } from './defaults.ts'
import type { Extension, ImageAddress, Options } from './options.ts'
import { MEMBERS, SPELLINGS, type Value } from './spellings.ts'

/**
 * The canonical spelling of options, without the extension: `w_640,ar_16-9,q_70`. Empty if all are at their defaults.
 * @param extension the format whose defaults are left out; `auto` for the options of a preset
 */
export const printOptions = (options: Options, extension: Extension): string =>
  printEach(withoutDefaults(options, extension)).join(',')

/** The canonical spelling of an address. Reading it gives the same address. */
export function printAddress(address: ImageAddress): string {
  const { signature, extension } = address
  const parts = partsOf(address)
  if (signature) parts.push(`s_${signature.id}-${signature.value}`)
  return `${parts.join(',')}.${extension}`
}

/** What is signed of an address: its canonical spelling with the extension, without a signature. */
export const printUnsigned = (address: ImageAddress): string =>
  `${partsOf(address).join(',')}.${address.extension}`

function partsOf({ preset, revision, options, extension }: ImageAddress): string[] {
  if (preset === undefined) return printEach(withoutDefaults(options, extension))
  return [preset, ...(revision === undefined ? [] : [`v_${revision}`]), ...printEach(options)]
}

const printEach = (options: Options): string[] =>
  MEMBERS.flatMap((member) => printOne(options, member) ?? [])

function printOne<Member extends keyof Options>(options: Options, member: Member) {
  const { [member]: value }: { readonly [Each in keyof Options]?: Value<Each> } = options
  if (value === undefined) return undefined
  const { name, print } = SPELLINGS[member]
  return `${name}_${print(value)}`
}
