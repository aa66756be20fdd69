import type { CDPSession } from 'playwright-core'

interface TraceEvent {
  name: string
  pid: number
  tid: number
  /** Processor time in microseconds. */
  tdur?: number
  args: { name?: string }
}

/**
 * Records the processor time of each task of the page's main thread. Other programs delay frames, but do
 * not change these times.
 * @returns a function that ends the recording and returns the times in milliseconds
 */
export async function recordTasks(session: CDPSession): Promise<() => Promise<number[]>> {
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => {
    // The protocol does not define the type of the events.
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

/** The browser has such threads also for its own pages, which do little work. */
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
