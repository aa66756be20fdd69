import cluster, { type Worker } from 'node:cluster'
import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'

/** A worker that has not told by then stands still; what it told last counts. */
const PATIENCE_MS = 3000

type Told = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/**
 * Between primary and workers: a worker wants what all have to `tell`; the primary asks each, which has
 * `told`; the one that wanted it gets the text.
 */
type Message = { kind: 'vitrine-metrics'; id: string } & (
  | { step: 'want' | 'tell' }
  | { step: 'told'; told?: Told }
  | { step: 'answer'; text?: string; fault?: string }
)

const isMessage = (message: unknown): message is Message =>
  typeof message === 'object' &&
  message !== null &&
  'kind' in message &&
  message.kind === 'vitrine-metrics'

/**
 * Values in millionths: sums of these are exact once they are rounded again, whatever the order of adding.
 * Else a sum may come out a little less once a worker has ended, which is taken for a counter's new start.
 */
const rounded = (told: Told): Told =>
  told.map((metric) => ({
    ...metric,
    values: metric.values.map((one) => ({ ...one, value: Math.round(one.value * 1e6) / 1e6 })),
  }))

/**
 * In the primary: adds up the metrics of all workers for the one that asks. What one that has ended
 * counted still counts, as far as it was ever told, so that no sum falls.
 */
export async function answerMetrics(): Promise<void> {
  const { AggregatorRegistry } = await import('prom-client')
  /** Of each worker that runs, what it told last. */
  const latest = new Map<number, Told>()
  let ended: object[] = []
  /** Whom a question waits for, and what is done when all have told. */
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
      // One that has ended counts already.
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

/** One that has just ended hears nothing, which its exit tells. */
function tell(worker: Worker, step: Step) {
  if (worker.isConnected()) worker.send({ kind: 'vitrine-metrics', ...step }, () => {})
}

/**
 * In a worker: lets the primary have this one's metrics.
 * @returns a function that gets those of all workers, added up
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
    if (text === undefined) waiting.get(id)?.reject(new Error(`There are no metrics: ${fault}`))
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
