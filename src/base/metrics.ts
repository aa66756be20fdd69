import { readFile } from 'node:fs/promises'
import type { Registry } from 'prom-client'

/** Seconds: from an answer out of memory to an upload over a slow line. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60]
/** A value that takes longer is left out, so that an unreachable database does not delay the other metrics. */
const SAMPLE_MS = 2000

export type Labels = Readonly<Record<string, string>>
export type Series = readonly { labels: Labels; value: number }[]

interface Named {
  name: string
  help: string
  /** Names of labels. */
  labels?: readonly string[]
}

/** A number that somebody else keeps. */
export interface Sampled extends Named {
  /** A counter never falls while the process runs. */
  kind?: 'gauge' | 'counter'
  /** What several processes on one port make of their numbers; the sum if nothing is said. */
  together?: 'sum' | 'min' | 'max' | 'first'
  /** Asked at each scrape. One that fails or takes too long is left out of it. */
  read(): number | Series | Promise<number | Series>
}

/** Numbers like these, by name, that are added up over processes. */
export type Samples = Readonly<Record<string, Pick<Sampled, 'help' | 'kind' | 'read'>>>

/** What a process tells Prometheus. It is made only where it is asked for. */
export interface Metrics {
  readonly registry: Registry
  sample(metric: Sampled): void
  sampleAll(samples: Samples): void
  /** @returns a function that counts one */
  count(metric: Named): (labels: Labels) => void
  /** @returns a function that takes how many seconds something took */
  time(metric: Named): (labels: Labels, seconds: number) => void
}

/** With what can be told of every process: memory, processor time, the event loop, the build. */
export async function createMetrics(): Promise<Metrics> {
  // Loaded only where it is wanted: it costs a noticeable part of the start.
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  // The mean of several processes would hide the one that stands still.
  for (const part of ['p99', 'p90']) {
    const lag = registry.getSingleMetric(`nodejs_eventloop_lag_${part}_seconds`)
    if (lag) Object.assign(lag, { aggregator: 'max' })
  }

  function sample({ name, help, labels = [], kind = 'gauge', together = 'sum', read }: Sampled) {
    const metric = { name, help, labelNames: labels, aggregator: together, registers }
    const tell = async (fresh: () => void, set: (labels: Labels, value: number) => void) => {
      const given = await within(SAMPLE_MS, read).catch(() => undefined)
      fresh()
      if (given === undefined) return
      const series = typeof given === 'number' ? [{ labels: {}, value: given }] : given
      for (const { labels, value } of series) set(labels, value)
    }
    if (kind === 'counter') {
      const counter = new Counter({
        ...metric,
        collect: () =>
          tell(
            () => counter.reset(),
            (labels, value) => counter.inc(labels, value),
          ),
      })
      return
    }
    const gauge = new Gauge({
      ...metric,
      collect: () =>
        tell(
          // What has no labels would be reset to 0, which is not the same as not known.
          () => (labels.length === 0 ? gauge.remove() : gauge.reset()),
          (labels, value) => gauge.set(labels, value),
        ),
    })
  }

  const version = await readVersion()
  sample({
    name: 'vitrine_build_info',
    help: 'The version of Vitrine, and of Node.js that runs it; always 1',
    labels: ['version', 'node'],
    together: 'first',
    read: () => [{ labels: { version, node: process.versions.node }, value: 1 }],
  })

  return {
    registry,
    sample,
    sampleAll(samples) {
      for (const [name, one] of Object.entries(samples)) sample({ ...one, name })
    },
    count({ name, help, labels = [] }) {
      const counter = new Counter({ name, help, labelNames: labels, registers })
      return (labels) => counter.inc(labels)
    },
    time({ name, help, labels = [] }) {
      const histogram = new Histogram({
        name,
        help,
        labelNames: labels,
        buckets: BUCKETS,
        registers,
      })
      return (labels, seconds) => histogram.observe(labels, seconds)
    },
  }
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { version }: { version: string } = JSON.parse(text)
  return version
}

async function within<T>(ms: number, read: () => T | Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`No answer within ${ms} ms.`)), ms)
  try {
    return await Promise.race([read(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
