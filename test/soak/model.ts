import { runScripts } from '../model/run-scripts.ts'
import type { Row, Times } from './part.ts'

const COMMANDS = 10_000

/** Random scripts of all user actions, with restarts and kills, compared with a reference. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const seed = Date.now()
  console.log(`  seed ${seed}`)
  const count = await runScripts({ commands: times(COMMANDS), longest: 400, seed })
  yield {
    fault:
      'any order of adds, edits, deletes, work on many, lists, searches, images of any size, presets, restarts and kills',
    injected: 'random scripts, each answer compared with that of a reference model',
    times: count,
    lost: 'nothing',
    recovery: 'see above',
  }
}
