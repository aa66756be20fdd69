/** What a part of `npm run soak` tells of one fault. Each is a row of docs/reliability.md. */
export interface Row {
  fault: string
  /** How it was brought about. */
  injected: string
  /** How many times. */
  times: number
  /** What of that which was acknowledged, and what was left of that which was not: "nothing". */
  lost: string
  /** How long it took until everything was served again: "median 310 ms, at most 420 ms". */
  recovery: string
}

export interface Part {
  /** Why this machine or account cannot run it, completing "SKIPPED, since …"; undefined if it can. */
  missing?(): string | undefined | Promise<string | undefined>
  /**
   * Injects the faults and checks what is left, a row for each kind of fault.
   * @param times how often for a full number, by what was asked for on the command line
   * @throws Error, by an assertion mostly, if anything was lost
   */
  rows(times: Times): AsyncIterable<Row>
}

export type Times = (full: number) => number

/** Where root is needed, for mounts and limits of other processes. */
export const withoutRoot = (): string | undefined =>
  process.getuid?.() === 0 ? undefined : 'it has to be run by root'

/** Where the system does not tell what processes take. */
export const withoutProc = (): string | undefined =>
  process.platform === 'linux' ? undefined : 'only Linux has /proc'

/** How long something took, of several times: "median 310 ms, at most 420 ms". */
export function summarize(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const [middle, last] = [sorted[sorted.length >> 1], sorted.at(-1)]
  if (middle === undefined || last === undefined) return 'none'
  return `median ${Math.round(middle)} ms, at most ${Math.round(last)} ms`
}
