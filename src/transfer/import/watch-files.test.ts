import { appendFileSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { makeDataFolder } from '../../../test/harness.ts'
import { watchFiles } from './watch-files.ts'

let root: string
beforeEach(() => {
  root = realpathSync(makeDataFolder())
})

function watch({ restMs = 20 } = {}) {
  const ending = new AbortController()
  onTestFinished(() => ending.abort())
  const faults: unknown[] = []
  const { files, again } = watchFiles(
    Buffer.from(root),
    { except: [] },
    { restMs, pauseMs: 5, signal: ending.signal, onFault: (error) => faults.push(error) },
  )
  const next = async () => {
    const { value } = await files.next()
    return value
  }
  return { next, again, faults, ending }
}

describe('watching a folder', () => {
  it('finds what is there and what comes later, each once', async () => {
    writeFileSync(join(root, 'a.jpg'), 'a')
    const { next } = watch()
    expect(await next()).toMatchObject({ name: 'a.jpg', folders: [] })
    mkdirSync(join(root, 'later'))
    writeFileSync(join(root, 'later/b.jpg'), 'b')
    expect(await next()).toMatchObject({ name: 'b.jpg', folders: ['later'] })
    writeFileSync(join(root, 'c.jpg'), 'c')
    expect(await next()).toMatchObject({ name: 'c.jpg' })
  })

  it('waits for a file that still grows', async () => {
    // Looked at several times between two writes, each time with the size of the last look.
    const { next } = watch({ restMs: 500 })
    const path = join(root, 'growing.jpg')
    writeFileSync(path, '')
    const writing = setInterval(() => appendFileSync(path, 'x'), 20)
    let isWritten = false
    const found = next().then((entry) => ({ entry, isWritten }))
    setTimeout(() => {
      clearInterval(writing)
      isWritten = true
    }, 100)
    expect(await found).toMatchObject({ entry: { name: 'growing.jpg' }, isWritten: true })
  })

  it('finds a file again when it has changed, has come back, or is wanted again', async () => {
    const path = join(root, 'a.jpg')
    writeFileSync(path, 'a')
    const { next, again } = watch()
    const first = await next()
    appendFileSync(path, 'b')
    const second = await next()
    expect(second?.state).not.toBe(first?.state)
    if (second) again(second)
    expect((await next())?.state).toBe(second?.state)
    rmSync(path)
    writeFileSync(path, 'a')
    expect(await next()).toMatchObject({ name: 'a.jpg' })
  })

  it('waits for a sidecar at rest, and finds a file again when its sidecar comes or changes', async () => {
    const { next } = watch()
    writeFileSync(join(root, 'a.xmp'), 'x')
    writeFileSync(join(root, 'a.jpg'), 'a')
    const found = await next()
    expect(found).toMatchObject({ name: 'a.jpg', sidecar: Buffer.from(join(root, 'a.xmp')) })
    appendFileSync(join(root, 'a.xmp'), 'x')
    expect((await next())?.state).not.toBe(found?.state)
    writeFileSync(join(root, 'a.jpg.xmp'), 'x')
    expect(await next()).toMatchObject({ sidecar: Buffer.from(join(root, 'a.jpg.xmp')) })
  })

  it('goes on when the folder is away for a while', async () => {
    const { next, faults } = watch()
    rmSync(root, { recursive: true })
    const found = next()
    await expect.poll(() => faults.length).toBeGreaterThan(0)
    mkdirSync(root)
    writeFileSync(join(root, 'a.jpg'), 'a')
    expect(await found).toMatchObject({ name: 'a.jpg' })
    expect(faults[0]).toMatchObject({ code: 'ENOENT' })
  })

  it('ends when it is told to', async () => {
    const { next, ending } = watch()
    const found = next()
    ending.abort()
    expect(await found).toBeUndefined()
  })
})
