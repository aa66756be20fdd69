import type { CDPSession } from 'playwright-core'

interface TraceEvent {
  name: string
  pid: number
  tid: number
  /** Time of the processor, in microseconds. */
  tdur?: number
  args: { name?: string }
}

/**
 * Records how much of a processor each task of the page's own thread takes: what other programs do
 * meanwhile makes frames late, but not these longer.
 * @returns a function that ends it and gives the times in milliseconds
 */
export async function recordTasks(session: CDPSession): Promise<() => Promise<number[]>> {
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => {
    // The protocol leaves open what they are.
    events.push(...(value as unknown as TraceEvent[]))
  })
  await session.send('Tracing.start', { traceConfig: { includedCategories: ['toplevel'] } })
  return async () => {
    const ended = new Promise<void>((resolve) =>
      session.once('Tracing.tracingComplete', () => resolve()),
    )
    await session.send('Tracing.end')
    await ended
    return findBusiest(events)
  }
}

/** The browser has such threads for pages of its own as well, which have little to do. */
function findBusiest(events: readonly TraceEvent[]): number[] {
  const threads = events.filter(
    ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
  )
  const times = threads.map(({ pid, tid }) =>
    events
      .filter((event) => event.pid === pid && event.tid === tid && event.name.endsWith('::RunTask'))
      .flatMap(({ tdur }) => (tdur === undefined ? [] : [tdur / 1000])),
  )
  const sum = (list: readonly number[]) => list.reduce((total, time) => total + time, 0)
  return times.toSorted((a, b) => sum(b) - sum(a))[0] ?? []
}
