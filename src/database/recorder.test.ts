import { expect, it } from 'vitest'
import type { Database } from './database.ts'
import { createRecorders } from './recorder.ts'

it('logs one failure and one recovery, however often they alternate', async () => {
  const lines: string[] = []
  const log = {
    warn: (_fields: unknown, text?: string) => lines.push(`warn ${text}`),
    info: (_fields: unknown, text?: string) => lines.push(`info ${text}`),
  }
  const results = [new Error('locked'), 'works', new Error('locked'), new Error('full'), 'works']
  let now = 0
  const record = async () => {
    const result = results.shift()
    if (result instanceof Error) throw result
    return result
  }
  const clock = performance.now
  performance.now = () => now
  try {
    const { uses } = createRecorders({ record } as unknown as Database, log as never)
    for (let attempt = 0; attempt < 5; attempt++) {
      await uses.attempt(async () => {})
      now += 2000
    }
  } finally {
    performance.now = clock
  }
  expect(results).toEqual([])
  expect(lines).toEqual([
    'warn Uses of sessions and tokens cannot be recorded; requests are answered',
    'info Uses of sessions and tokens are recorded again',
  ])
})
