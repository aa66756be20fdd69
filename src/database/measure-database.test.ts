import { expect, it } from 'vitest'
import { onPostgres } from '../../test/postgres.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { createMetrics } from '../base/metrics.ts'
import { measureDatabase } from './measure-database.ts'

it('reports how long writes waited, how many wait, and how many connections are used', async () => {
  const metrics = await createMetrics()
  const database = measureDatabase(await openTemporaryDatabase(), metrics)
  const valueAt = async (series: string) => {
    const text = await metrics.registry.metrics()
    const value = text.split('\n').find((line) => line.startsWith(`${series} `))
    return value === undefined ? undefined : Number(value.slice(series.length))
  }
  const waited = (part: string, kind: string) =>
    valueAt(`vitrine_database_write_wait_seconds_${part}{kind="${kind}"}`)

  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const first = database.write(async () => {
    begun.resolve()
    await gate.promise
  })
  await begun.promise
  const second = database.write(async () => 'second')
  expect(await valueAt('vitrine_database_writes_waiting')).toBe(1)
  expect(await waited('count', 'write')).toBe(1)
  const before = (await waited('sum', 'write')) ?? 0
  await expect
    .poll(() => valueAt('vitrine_database_connections_used{pool="write"}'))
    .toBe(onPostgres ? 2 : undefined)

  gate.resolve()
  await first
  expect(await second).toBe('second')
  expect(await valueAt('vitrine_database_writes_waiting')).toBe(0)
  expect(await waited('count', 'write')).toBe(2)
  expect(await waited('sum', 'write')).toBeGreaterThan(before)

  await database.writeConcurrently(async () => {})
  await database.record(async () => {}, { exclusive: true })
  expect([await waited('count', 'concurrent'), await waited('count', 'record')]).toEqual([1, 1])
  await expect(database.write(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await valueAt('vitrine_database_writes_waiting')).toBe(0)
  if (onPostgres) {
    expect(await valueAt('vitrine_database_connections_used{pool="write"}')).toBe(0)
    expect(await valueAt('vitrine_database_connections_waiting{pool="write"}')).toBe(0)
  }
})
