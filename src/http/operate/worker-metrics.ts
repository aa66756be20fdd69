import cluster, { type Worker } from 'node:cluster'
import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'

/** A worker that has not reported by then is blocked; its last report counts. */
const PATIENCE_MS = 3000

type Report = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/**
 * Messages between the primary and the workers. A worker that needs the metrics sends `want`. The primary
 * then sends `tell` to each worker, which answers `told` with its own metrics. The first worker gets the text
 * of all as `answer`.
 */
type Message = { kind: 'vitrine-metrics'; id: string } & (
  | { step: 'want' | 'tell' }
  | { step: 'told'; told?: Report }
  | { step: 'answer'; text?: string; fault?: string }
)

const isMessage = (message: unknown): message is Message =>
  typeof message === 'object' &&
  message !== null &&
  'kind' in message &&
  message.kind === 'vitrine-metrics'

/**
 * Rounds values to millionths. Rounded again, sums of such values are exact, in any order of adding.
 * Otherwise a sum could be slightly lower after a worker has ended, and Prometheus would take that for a
 * restarted counter.
 */
const rounded = (report: Report): Report =>
  report.map((metric) => ({
    ...metric,
    values: metric.values.map((one) => ({ ...one, value: Math.round(one.value * 1e6) / 1e6 })),
  }))

/**
 * In the primary: adds up the metrics of all workers when one of them needs them. The last reported counts of
 * ended workers are included, so that no sum falls.
 */
export async function answerMetrics(): Promise<void> {
  const { AggregatorRegistry } = await import('prom-client')
  /** The last report of each running worker. */
  const latest = new Map<number, Report>()
  let ended: object[] = []
  /** Open questions by id: the workers that have not answered, and what to call when all have. */
  const open = new Map<string, { workers: Set<number>; done: () => void }>()

  function hear(id: string, worker: Worker) {
    const question = open.get(id)
    question?.workers.delete(worker.id)
    if (question?.workers.size === 0) question.done()
  }

  async function askAll(): Promise<void> {
    const id = randomUUID()
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker?.isConnected())
    const { promise, resolve: done } = Promise.withResolvers<void>()
    open.set(id, { workers: new Set(workers.map((worker) => worker?.id ?? 0)), done })
    for (const worker of workers) if (worker) tell(worker, { step: 'tell', id })
    const timer = setTimeout(done, PATIENCE_MS)
    await promise
    clearTimeout(timer)
    open.delete(id)
  }

  cluster.on('exit', (worker) => {
    const sums = (latest.get(worker.id) ?? []).filter(({ type }) => String(type) !== 'gauge')
    ended = AggregatorRegistry.aggregate([sums, ended]).getMetricsAsArray()
    latest.delete(worker.id)
    for (const id of open.keys()) hear(id, worker)
  })
  cluster.on('message', async (worker, message: unknown) => {
    if (!isMessage(message)) return
    const { id } = message
    if (message.step === 'told') {
      // An ended worker is already in `ended`.
      if (message.told && !worker.isDead()) latest.set(worker.id, message.told)
      hear(id, worker)
    }
    if (message.step !== 'want') return
    try {
      await askAll()
      const sums = AggregatorRegistry.aggregate([...latest.values(), ended])
      const exact = rounded(await sums.getMetricsAsJSON())
      const text = await AggregatorRegistry.aggregate([exact]).metrics()
      tell(worker, { step: 'answer', id, text })
    } catch (error) {
      tell(worker, { step: 'answer', id, fault: String(error) })
    }
  })
}

type Step = Message extends infer Each ? (Each extends Message ? Omit<Each, 'kind'> : never) : never

/** A worker that has just ended gets no message. Its `exit` event answers for it. */
function tell(worker: Worker, step: Step) {
  if (worker.isConnected()) worker.send({ kind: 'vitrine-metrics', ...step }, () => {})
}

/**
 * In a worker: gives this worker's metrics to the primary.
 * @returns a function that gets the metrics of all workers, added up
 */
export function shareMetrics(registry: Registry): () => Promise<string> {
  const waiting = new Map<string, PromiseWithResolvers<string>>()
  const send = (step: Step) =>
    process.send?.({ kind: 'vitrine-metrics', ...step }, undefined, undefined, () => {})
  process.on('message', async (message: unknown) => {
    if (!isMessage(message)) return
    const { id } = message
    if (message.step === 'tell') {
      const told = await registry.getMetricsAsJSON().catch(() => undefined)
      send({ step: 'told', id, ...(told && { told: rounded(told) }) })
    }
    if (message.step !== 'answer') return
    const { text, fault } = message
    if (text === undefined)
      waiting.get(id)?.reject(new Error(`The metrics could not be collected: ${fault}`))
    else waiting.get(id)?.resolve(text)
    waiting.delete(id)
  })
  return () => {
    const id = randomUUID()
    const answer = Promise.withResolvers<string>()
    waiting.set(id, answer)
    send({ step: 'want', id })
    return answer.promise
  }
}
