import fc from 'fast-check'
import { scripts } from './commands.ts'
import { openRealLibrary } from './real-library.ts'
import type { Reference } from './reference.ts'

/**
 * Runs random scripts, each against a new library and the reference, until this many commands have run.
 *
 * @param options.seed reproduces the same scripts
 * @param options.replay runs one script again, with the paths from the message of a failure
 * @returns how many commands were run
 * @throws Error with the shortest script that still fails, and how to run it again
 */
export async function runScripts(options: {
  commands: number
  longest: number
  seed: number
  replay?: { path: string; replayPath: string }
}): Promise<number> {
  const { commands, longest, seed, replay } = options
  let count = 0
  for (let round = 0; count < commands; round++) {
    await fc.assert(
      fc.asyncProperty(scripts(longest, replay?.replayPath), async (script) => {
        const reference: Reference = {
          items: [],
          trash: [],
          thumb: undefined,
          shown: new Map(),
          lastId: 0,
          commands: 0,
        }
        const real = await openRealLibrary()
        try {
          await fc.asyncModelRun(() => ({ model: reference, real }), script)
          await real.compareAll(reference)
          await real.examine()
        } finally {
          await real.close()
        }
        count += reference.commands
      }),
      { seed: seed + round, numRuns: 1, ...(replay && { path: replay.path }) },
    )
    if (replay) break
  }
  return count
}
