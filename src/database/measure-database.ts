import type { Transaction } from 'kysely'
import type { Metrics } from '../base/metrics.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

type Work<T> = (transaction: Transaction<Tables>) => Promise<T>

/** The same database, with metrics of how long writes wait and how its connections are used. */
export function measureDatabase(database: Database, metrics: Metrics): Database {
  let waiting = 0
  const observe = metrics.time({
    name: 'vitrine_database_write_wait_seconds',
    help: 'Time that a write waited for others, a connection and the lock before it began',
    labels: ['kind'],
  })
  metrics.sample({
    name: 'vitrine_database_writes_waiting',
    help: 'Writes that wait for others, a connection or the lock',
    read: () => waiting,
  })
  metrics.sample({
    name: 'vitrine_database_connections_used',
    help: 'Connections to PostgreSQL that are in use, of each pool',
    labels: ['pool'],
    read: () => poolsOf(database).map(({ pool, used }) => ({ labels: { pool }, value: used })),
  })
  metrics.sample({
    name: 'vitrine_database_connections_waiting',
    help: 'Transactions and queries that wait for a connection to PostgreSQL, of each pool',
    labels: ['pool'],
    read: () =>
      poolsOf(database).map(({ pool, waiting }) => ({ labels: { pool }, value: waiting })),
  })

  async function timed<T>(kind: string, work: Work<T>, run: (work: Work<T>) => Promise<T>) {
    const asked = performance.now()
    let isWaiting = true
    waiting++
    const begin = () => {
      if (!isWaiting) return
      isWaiting = false
      waiting--
      observe({ kind }, (performance.now() - asked) / 1000)
    }
    try {
      return await run((trx) => {
        begin()
        return work(trx)
      })
    } finally {
      // A write that never began has waited too.
      begin()
    }
  }

  return {
    ...database,
    write: (work) => timed('write', work, database.write),
    writeConcurrently: (work) => timed('concurrent', work, database.writeConcurrently),
    record: (work, options) =>
      timed('record', work, (measured) => database.record(measured, options)),
  }
}

const poolsOf = ({ pools }: Database) => pools?.() ?? []
