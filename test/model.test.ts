import { expect, it } from 'vitest'
import { runScripts } from './model/run-scripts.ts'
import { onPostgres } from './postgres.ts'

const COMMANDS = onPostgres ? 80 : 250

// A failure prints the shortest script that still fails, with its seed, path and replayPath. `runScripts`
// can run it again with these.
it('behaves like a small reference model, across restarts and kills', {
  timeout: 600_000,
}, async () => {
  const count = await runScripts({ commands: COMMANDS, longest: 150, seed: 20_261_125 })
  expect(count).toBeGreaterThanOrEqual(COMMANDS)
})
