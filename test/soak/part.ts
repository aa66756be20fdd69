/** The result of a part of `npm run soak` for one fault. Each is a row of docs/reliability.md. */
export interface Row {
  fault: string
  /** How the fault was injected. */
  injected: string
  /** How many times. */
  times: number
  /** Lost acknowledged changes and remains of unacknowledged ones: "nothing". */
  lost: string
  /** Time until everything worked again: "median 310 ms, at most 420 ms". */
  recovery: string
}

export interface Part {
  /**
   * The reason why this machine or account cannot run the part, completing "SKIPPED, since …"; undefined if
   * it can.
   */
  missing?(): string | undefined | Promise<string | undefined>
  /**
   * Injects the faults and checks the library afterwards. Yields a row for each kind of fault.
   * @param times scales a full number of repetitions by `--share`
   * @throws Error, mostly from an assertion, if anything was lost
   */
  rows(times: Times): AsyncIterable<Row>
}

export type Times = (full: number) => number

/** For parts that need root, for mounts and limits of other processes. */
export const withoutRoot = (): string | undefined =>
  process.getuid?.() === 0 ? undefined : 'it has to be run by root'

/** For parts that read the resource use of processes. */
export const withoutProc = (): string | undefined =>
  process.platform === 'linux' ? undefined : 'only Linux has /proc'

/** Summarises durations: "median 310 ms, at most 420 ms". */
export function summarize(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const [middle, last] = [sorted[sorted.length >> 1], sorted.at(-1)]
  if (middle === undefined || last === undefined) return 'none'
  return `median ${Math.round(middle)} ms, at most ${Math.round(last)} ms`
}
