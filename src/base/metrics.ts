import { readFile } from 'node:fs/promises'
import type { Registry } from 'prom-client'

/** Seconds: from an answer out of memory to an upload over a slow connection. */
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

/** A number that other code keeps. */
export interface Sampled extends Named {
  /** A counter never falls while the process runs. */
  kind?: 'gauge' | 'counter'
  /** How the numbers of several processes on one port are combined; the sum by default. */
  together?: 'sum' | 'min' | 'max' | 'first'
  /** Called at each scrape. A value that fails or takes too long is left out of that scrape. */
  read(): number | Series | Promise<number | Series>
}

/** Such numbers by name. They are added up over processes. */
export type Samples = Readonly<Record<string, Pick<Sampled, 'help' | 'kind' | 'read'>>>

/** The metrics of a process, for Prometheus. Made only where metrics are on. */
export interface Metrics {
  readonly registry: Registry
  sample(metric: Sampled): void
  sampleAll(samples: Samples): void
  /** @returns a function that adds one */
  count(metric: Named): (labels: Labels) => void
  /** @returns a function that records how many seconds something took */
  time(metric: Named): (labels: Labels, seconds: number) => void
}

/** With the metrics of every process: memory, processor time, the event loop, the build. */
export async function createMetrics(): Promise<Metrics> {
  // Loaded only where metrics are on: loading takes a noticeable part of the start.
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  // The mean over several processes would hide one that is blocked.
  for (const part of ['p99', 'p90']) {
    const lag = registry.getSingleMetric(`nodejs_eventloop_lag_${part}_seconds`)
    if (lag) Object.assign(lag, { aggregator: 'max' })
  }

  function sample({ name, help, labels = [], kind = 'gauge', together = 'sum', read }: Sampled) {
    const metric = { name, help, labelNames: labels, aggregator: together, registers }
    const update = async (fresh: () => void, set: (labels: Labels, value: number) => void) => {
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
          update(
            () => counter.reset(),
            (labels, value) => counter.inc(labels, value),
          ),
      })
      return
    }
    const gauge = new Gauge({
      ...metric,
      collect: () =>
        update(
          // A gauge without labels would be reset to 0, which is not the same as unknown.
          () => (labels.length === 0 ? gauge.remove() : gauge.reset()),
          (labels, value) => gauge.set(labels, value),
        ),
    })
  }

  const version = await readVersion()
  sample({
    name: 'vitrine_build_info',
    help: 'Versions of Vitrine and of Node.js; always 1',
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
