import { percentile } from './comparison.ts'
import { openSequential, type TimedRequest } from './sequential.ts'

/** Interval between two requests of the client. */
const INTERVAL_MS = 20

/**
 * Measures the delay of other clients during some work: one client sends small requests all the time.
 * @returns durations of its requests, in milliseconds
 */
export async function pingDuring<T>(
  { url, headers, next }: { url: string; headers: Record<string, string>; next: () => string },
  work: () => Promise<T>,
): Promise<{ result: T; p50: number; p99: number; most: number }> {
  const connection = await openSequential(url, headers)
  const times: number[] = []
  let isDone = false
  const ping = async () => {
    while (!isDone) {
      const request: TimedRequest = { path: next() }
      const time = await connection.time(request)
      times.push(time)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, INTERVAL_MS - time)))
    }
  }
  const pinging = ping()
  try {
    const result = await work()
    isDone = true
    await pinging
    return {
      result,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      most: percentile(times, 1),
    }
  } finally {
    isDone = true
    connection.close()
  }
}
