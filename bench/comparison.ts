/** What was measured and its limit: the rows of the tables. */
export type Engine = 'SQLite' | 'PostgreSQL'

/** Statistics of several rounds. */
export interface Measure {
  median: number
  least: number
  most: number
  unit: string
}

/** The value that is compared: the measured value itself, or its ratio to the limit. */
export interface Target {
  of: 'ratio' | 'measured'
  /** Either `least` or `most` is set. */
  least?: number
  most?: number
}

export interface Comparison {
  what: string
  engine: Engine
  measured: Measure
  /** The same work without this program, in the same run. */
  limit?: Measure & { by: string }
  /** Median of the ratios of the rounds, if both were measured side by side. */
  ratio?: number
  target?: Target
  /** Milliseconds of processor time per request, of all processes of the server. */
  processor?: number
  /** Peak memory of all processes together, in MB (RSS). */
  memory?: number
  note?: string
}

export function summarize(values: readonly number[], unit: string): Measure {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: percentile(sorted, 0.5), least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0, unit }
}

/** @param share 0.5 for the median */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** The median of the ratios of each round's value to its limit. */
export const medianRatio = (values: readonly number[], limits: readonly number[]): number =>
  percentile(
    values.map((value, round) => value / (limits[round] ?? 1)),
    0.5,
  )

/** Undefined without a target. */
export function isReached({ target, measured, ratio }: Comparison): boolean | undefined {
  if (!target) return undefined
  const value = target.of === 'ratio' ? ratio : measured.median
  if (value === undefined) return false
  return value >= (target.least ?? value) && value <= (target.most ?? value)
}

const COLUMNS = [
  'what',
  'engine',
  'measured',
  'limit',
  'ratio',
  'to reach',
  'reached',
  'CPU (ms)',
  'memory (MB)',
] as const

/** A row of the tables, on the terminal and in the documentation. */
export function describe(row: Comparison): Record<(typeof COLUMNS)[number], string> {
  const { what, engine, measured, limit, ratio, processor, memory, note } = row
  return {
    what: note ? `${what} (${note})` : what,
    engine,
    measured: describeMeasure(measured),
    limit: limit ? `${limit.by}: ${describeMeasure(limit)}` : '',
    ratio: ratio === undefined ? '' : format(ratio),
    'to reach': describeTarget(row),
    reached: { true: 'yes', false: 'no', undefined: '' }[`${isReached(row)}`],
    'CPU (ms)': processor === undefined ? '' : format(processor),
    'memory (MB)': memory === undefined ? '' : format(memory),
  }
}

/** `812/s (790–830)` */
function describeMeasure({ median, least, most, unit }: Measure): string {
  const spread = least === most ? '' : ` (${format(least)}–${format(most)})`
  return `${format(median)}${unit.startsWith('/') ? unit : ` ${unit}`}${spread}`
}

function describeTarget({ target, measured }: Comparison): string {
  if (!target) return ''
  const [bound, value] =
    target.least === undefined ? ['at most', target.most ?? 0] : ['at least', target.least]
  const { unit } = measured
  const suffix = target.of === 'ratio' ? '' : unit.startsWith('/') ? unit : ` ${unit}`
  return `${bound} ${format(value)}${suffix}`
}

/** More than three digits would not be significant. */
function format(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return Number(value.toPrecision(3)).toString()
}

export { COLUMNS }

/** The results of one run, by name. */
export type Figures = Readonly<Record<string, number | string>>

export type Measured = Record<string, number | string>

/** Runs `work`, and notes its cost divided by `count`. */
export type MeasureWork = (what: string, count: number, work: () => Promise<void>) => Promise<void>
