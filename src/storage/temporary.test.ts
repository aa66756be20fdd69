import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTemporaryFolder } from './temporary.ts'

/** Makes a temporary folder with a file in it, and keeps running. */
const script = `
  import { writeFile } from 'node:fs/promises'
  import { openTemporaryFolder } from '${new URL('temporary.ts', import.meta.url)}'
  const temporary = await openTemporaryFolder({ data: process.argv[1], log: console })
  await writeFile(temporary.newFile(), 'half an upload')
  process.stdout.write(temporary.path)
  process.stdin.resume()
`
const log = pino({ level: 'silent' })
let data: string

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'vitrine-temporary-'))
})
afterEach(async () => {
  await rm(data, { recursive: true })
})

async function startProcess() {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, data])
  const [path] = await once(child.stdout, 'data')
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { path: String(path), kill }
}

const open = () => openTemporaryFolder({ data, log })

describe('temporary folder', () => {
  it('is accessible only to this account', async () => {
    const { path, close } = await open()
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700)
    await close()
  })

  it('gives paths and folders, and removes them all when it is closed', async () => {
    const temporary = await open()
    const [first, second] = [temporary.newFile(), temporary.newFile()]
    expect(first).not.toBe(second)
    await writeFile(first, '')

    let used = ''
    const result = await temporary.withFolder(async (folder) => {
      used = folder
      await writeFile(join(folder, 'a'), '')
      return 'result'
    })
    expect(result).toBe('result')
    expect(dirname(used)).toBe(temporary.path)
    await expect(stat(used)).rejects.toThrow()

    await temporary.close()
    expect(await readdir(join(data, 'tmp'))).toEqual([])
  })

  it('removes the folder of failed work too', async () => {
    const temporary = await open()
    const work = temporary.withFolder(async () => Promise.reject(new Error('no')))
    await expect(work).rejects.toThrow('no')
    expect(await readdir(temporary.path)).toEqual([])
    await temporary.close()
  })

  it('removes the folders of dead processes, and never that of a live one', async () => {
    const dead = await startProcess()
    const living = await startProcess()
    await dead.kill()
    // Even if the live process has not renewed it for a long time.
    await utimes(living.path, 0, 0)
    const own = await open()
    const another = await open()
    await expect(stat(dead.path)).rejects.toThrow()
    expect(await readdir(living.path)).toHaveLength(1)
    expect((await stat(own.path)).isDirectory()).toBe(true)
    await another.close()
    expect((await stat(own.path)).isDirectory()).toBe(true)
    await living.kill()
  })

  it('judges folders of other hosts by their modification time', async () => {
    const { path, kill } = await startProcess()
    await kill()
    const elsewhere = path.replace(/[0-9a-f]{16}-/, 'feedfeedfeedfeed-')
    await rename(path, elsewhere)
    await (await open()).close()
    expect((await stat(elsewhere)).isDirectory()).toBe(true)
    const elevenMinutesAgo = Date.now() / 1000 - 11 * 60
    await utimes(elsewhere, elevenMinutesAgo, elevenMinutesAgo)
    await (await open()).close()
    expect(await readdir(join(data, 'tmp'))).toEqual([])
  })

  it('does not touch foreign folders', async () => {
    await mkdir(join(data, 'tmp', 'holiday'), { recursive: true })
    await utimes(join(data, 'tmp', 'holiday'), 0, 0)
    await (await open()).close()
    expect(await readdir(join(data, 'tmp'))).toEqual(['holiday'])
  })
})
