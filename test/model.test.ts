import { expect, it } from 'vitest'
import { runScripts } from './model/run-scripts.ts'
import { onPostgres } from './postgres.ts'

const COMMANDS = onPostgres ? 80 : 250

// A failure names the shortest script that still fails, and its seed, path and replayPath, with which
// `runScripts` runs it again.
it('does what a reference of a few lines does, through restarts and kills', {
  timeout: 600_000,
}, async () => {
  const count = await runScripts({ commands: COMMANDS, longest: 150, seed: 20_261_125 })
  expect(count).toBeGreaterThanOrEqual(COMMANDS)
})
