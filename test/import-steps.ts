/** Steps of the tests of `vitrine import`: put files into a folder, and import it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { makeDataFolder, runCli } from './harness.ts'

/** The folder that the current test imports. */
export let folder: string

/**
 * Gives the next test a folder of its own. Each file of tests passes it to `beforeEach`: called here, that would hold
 * for the first file alone, since this module is loaded once.
 */
export function renewFolder(): void {
  folder = makeDataFolder()
}

export async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

/** Puts different images into several folders. */
export async function putImages(count: number): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    await put(`folder ${seed % 3}/image ${seed}.png`, await makePng({ seed }))
  }
}

/** Returns the exit code, the last line as the counts, and the other lines. */
export async function runImport(data: string, settings: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runCli(data, ['import', folder], { settings })
  const lines = stdout.trimEnd().split('\n')
  return { code, counts: lines.pop(), lines, stderr }
}

export async function expectSound(data: string): Promise<void> {
  await expectConsistent(data)
  expect(await runCli(data, ['doctor'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing found'),
  })
}
