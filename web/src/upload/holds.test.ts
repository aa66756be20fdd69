import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createHolds } from './holds'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A fake server that answers or not, and counts the probes. */
function createServer() {
  const server = { isThere: false, asked: 0 }
  const probe = async () => {
    server.asked++
    return server.isThere
  }
  return { server, probe }
}

it('reports a hold that needs the user before one that ends by itself', () => {
  const holds = createHolds({ probe: async () => true, onChange: () => {} })
  expect(holds.first()).toBeUndefined()
  for (const hold of ['paused', 'busy', 'offline', 'session'] as const) {
    holds.set(hold, true)
    expect(holds.first()).toBe(hold)
  }
  holds.set('session', false)
  expect(holds.first()).toBe('offline')
})

it('reports changes only', () => {
  const onChange = vi.fn()
  const holds = createHolds({ probe: async () => true, onChange })
  holds.set('paused', false)
  expect(onChange).not.toHaveBeenCalled()
  holds.set('paused', true)
  holds.set('paused', true)
  expect(onChange).toHaveBeenCalledTimes(1)
})

it('waits as long as a busy server asks for, counted from its last response', () => {
  const holds = createHolds({ probe: async () => true, onChange: () => {} })
  holds.waitWhileBusy(5)
  vi.advanceTimersByTime(4_000)
  holds.waitWhileBusy(5)
  vi.advanceTimersByTime(4_000)
  expect(holds.first()).toBe('busy')
  vi.advanceTimersByTime(1_000)
  expect(holds.first()).toBeUndefined()
})

it('probes an unreachable server at increasing intervals until it answers', async () => {
  const { server, probe } = createServer()
  const holds = createHolds({ probe, onChange: () => {} })
  holds.waitForServer()
  holds.waitForServer()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(server.asked).toBe(1)
  await vi.advanceTimersByTimeAsync(3_999)
  expect(server.asked).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(server.asked).toBe(2)
  // Half an hour later, it is still probed twice a minute.
  await vi.advanceTimersByTimeAsync(30 * 60_000)
  const asked = server.asked
  await vi.advanceTimersByTimeAsync(60_000)
  expect(server.asked).toBe(asked + 2)
  server.isThere = true
  await vi.advanceTimersByTimeAsync(30_000)
  expect(holds.first()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(server.asked).toBe(asked + 3)
})

it('probes at once when the user does not want to wait', async () => {
  const { server, probe } = createServer()
  const holds = createHolds({ probe, onChange: () => {} })
  holds.waitForServer()
  server.isThere = true
  holds.waitWhileBusy(60)
  holds.tryNow()
  await vi.advanceTimersByTimeAsync(0)
  expect(holds.first()).toBeUndefined()
  expect(server.asked).toBe(1)
})
