/** What the tests of `vitrine import` do: put files into a folder, and import that. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, expect } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { makeDataFolder, runCli } from './harness.ts'

/** Of the test that runs: what it imports. */
export let folder: string
beforeEach(() => {
  folder = makeDataFolder()
})

export async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

/** Different images in some folders. */
export async function putImages(count: number): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    await put(`folder ${seed % 3}/image ${seed}.png`, await makePng({ seed }))
  }
}

/** The last line, and the exit code. */
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
