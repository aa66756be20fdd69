import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createBufferFreer } from './free-buffers.ts'

const CHUNK = 64 * 1024

it('frees used chunks long before V8 would', async () => {
  const wasRead = createBufferFreer()
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let chunk = 0; chunk < 3000; chunk++) {
    wasRead(Buffer.allocUnsafeSlow(CHUNK).length)
    await setImmediate()
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  expect(most).toBeLessThan(16 * 1024 * 1024)
})
