/** How a folder declares its settings. `config.ts` reads all of them. */

export interface Setting<T> {
  /** Environment variable. The flag derives from it: `VITRINE_MAX_IMAGE_BYTES` is `--max-image-bytes`. */
  readonly variable: `VITRINE_${string}`
  /** Used when the variable is not set. */
  readonly fallback: T
  /** Turns the text into the value, or throws an Error whose message completes "must be …". */
  readonly parse: (text: string) => T
  /** One sentence for `--help` and the documentation. */
  readonly help: string
  /** Messages never repeat a secret's value. It may be in a file; see `findSource`. */
  readonly secret?: boolean
}

/** `VITRINE_MAX_IMAGE_BYTES` is `--max-image-bytes` on the command line. */
export const flagOf = ({ variable }: Setting<unknown>): string =>
  `--${variable.slice('VITRINE_'.length).toLowerCase().replaceAll('_', '-')}`

export type Settings = Readonly<Record<string, Setting<unknown>>>

/** The values of a set of settings, by the names of the settings in the code. */
export type Values<S extends Settings> = { readonly [K in keyof S]: ReturnType<S[K]['parse']> }

/** A whole number within bounds, both included. */
export const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new Error(`a whole number from ${min} to ${max}`)
    }
    return value
  }

/** `true` or `false`. */
export const boolean = (text: string): boolean => {
  if (text !== 'true' && text !== 'false') throw new Error('true or false')
  return text === 'true'
}

export const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text)
    if (value === undefined) throw new Error(`one of ${values.join(', ')}`)
    return value
  }

export const text = (value: string): string => value

/** Comma-separated; each entry is checked by `entry`. */
export const list =
  <T>(entry: (text: string) => T) =>
  (value: string): readonly T[] =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(entry)
