import cluster from 'node:cluster'
import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'

/** Worker to primary, and with the text as its answer. */
interface Message {
  kind: 'vitrine-metrics'
  id: string
  text?: string
  fault?: string
}

const isMessage = (message: unknown): message is Message =>
  typeof message === 'object' &&
  message !== null &&
  'kind' in message &&
  message.kind === 'vitrine-metrics'

/** In the primary: adds up the metrics of all workers for the one that asks. */
export async function answerMetrics(): Promise<void> {
  const { AggregatorRegistry } = await import('prom-client')
  const aggregator = new AggregatorRegistry()
  cluster.on('message', async (worker, message: unknown) => {
    if (!isMessage(message)) return
    const answer = await aggregator.clusterMetrics().then(
      (text) => ({ text }),
      (error) => ({ fault: String(error) }),
    )
    if (worker.isConnected()) worker.send({ ...message, ...answer })
  })
}

/**
 * In a worker: lets the primary have this one's metrics.
 * @returns a function that gets those of all workers, added up
 */
export async function shareMetrics(registry: Registry): Promise<() => Promise<string>> {
  const { AggregatorRegistry } = await import('prom-client')
  AggregatorRegistry.setRegistries(registry)
  // Making one is what makes it listen.
  new AggregatorRegistry()
  const waiting = new Map<string, PromiseWithResolvers<string>>()
  process.on('message', (message: unknown) => {
    if (!isMessage(message)) return
    const { id, text, fault } = message
    if (text === undefined) waiting.get(id)?.reject(new Error(`There are no metrics: ${fault}`))
    else waiting.get(id)?.resolve(text)
    waiting.delete(id)
  })
  return () => {
    const id = randomUUID()
    const answer = Promise.withResolvers<string>()
    waiting.set(id, answer)
    process.send?.({ kind: 'vitrine-metrics', id } satisfies Message)
    return answer.promise
  }
}
