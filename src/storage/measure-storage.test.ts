import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { createMetrics } from '../base/metrics.ts'
import { openDiskStorage } from './disk.ts'
import { measureStorage } from './measure-storage.ts'
import { newKey, ObjectMissing } from './storage.ts'

it('counts each operation and its failures', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-measured-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const source = join(folder, 'source')
  await writeFile(source, 'some bytes')
  const metrics = await createMetrics()
  const storage = measureStorage(await openDiskStorage(join(folder, 'files')), metrics)
  const key = newKey('originals', 'jpg')

  await storage.put(key, source)
  await expect(storage.put(key, source)).rejects.toThrow()
  expect(await text((await storage.open(key)).stream)).toBe('some bytes')
  await expect(storage.open(key, { start: 100, end: 200 })).rejects.toThrow(RangeError)
  await expect(storage.open(newKey('originals', 'jpg'))).rejects.toThrow(ObjectMissing)
  expect(String(await storage.read(key))).toBe('some bytes')
  expect(await storage.size(key)).toBe(10)
  expect(await Array.fromAsync(storage.list())).toEqual([{ key, size: 10 }])
  await storage.check()
  await storage.unlink?.([key])
  await storage.remove([key])
  await expect(storage.read(key)).rejects.toThrow(ObjectMissing)

  const told = await metrics.registry.metrics()
  const count = (operation: string) =>
    Number(new RegExp(`_seconds_count{operation="${operation}"} (\\d+)`).exec(told)?.[1])
  const operations = ['put', 'open', 'read', 'size', 'check', 'unlink', 'remove']
  expect(operations.map(count)).toEqual([2, 3, 2, 1, 1, 1, 1])
  const errors = [...told.matchAll(/^vitrine_storage_errors_total{operation="(.*)"} (\d+)$/gm)]
  expect(Object.fromEntries(errors.map(([, name, times]) => [name, Number(times)]))).toEqual({
    put: 1,
    open: 1,
    read: 1,
  })
})

it('counts a stream that fails, but not one whose reader has left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-measured-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const source = join(folder, 'source')
  await writeFile(source, 'some bytes')
  const metrics = await createMetrics()
  const storage = measureStorage(await openDiskStorage(join(folder, 'files')), metrics)
  const key = newKey('originals', 'jpg')
  await storage.put(key, source)
  const errors = async () =>
    /^vitrine_storage_errors_total{operation="open"} (\d+)$/m.exec(
      await metrics.registry.metrics(),
    )?.[1]

  const { stream: left } = await storage.open(key)
  left.destroy()
  expect(await errors()).toBeUndefined()
  const { stream } = await storage.open(key)
  stream.destroy(new Error('The disk is broken.'))
  await expect.poll(errors).toBe('1')
})
