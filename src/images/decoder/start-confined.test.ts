import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { heard } from '../../base/heard.ts'
import { startConfined } from './start-confined.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-confined-'))
})
afterAll(() => rm(folder, { recursive: true }))

const limits = { seconds: 10, memoryBytes: 1024 ** 3 }
const hasNamespaces = spawnSync('unshare', ['-Un', 'true']).status === 0

async function whatWorks(isNative: boolean): Promise<string[]> {
  const path = join(folder, 'source')
  const pixels = join(folder, `pixels-${isNative}`)
  await writeFile(path, 'secret')
  const listener = heard(createServer()).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const program = new URL('./rights.fixture.ts', import.meta.url)
  const args = [path, folder, String(port)]
  const said: string[] = []
  const child = await startConfined(program, {
    path,
    pixels,
    limits,
    isNative,
    args,
    tell: (text) => said.push(text),
  })
  const [worked] = await once(child, 'message')
  await once(child, 'exit')
  listener.close()
  expect(await readFile(pixels, 'utf8')).toBe('pixels')
  expect(said).toEqual([])
  return worked
}

it('leaves a decoder in WebAssembly nothing but its two files', async () => {
  expect(await whatWorks(false)).toEqual(['read its source', 'write its pixels'])
})

it.runIf(process.platform === 'linux' && hasNamespaces)(
  'leaves a native decoder no network',
  async () => {
    const worked = await whatWorks(true)
    expect(worked).toContain('read its source')
    expect(worked).not.toContain('reach the network')
  },
)
