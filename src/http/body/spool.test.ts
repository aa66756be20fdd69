import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { canMount, mountSmallDisk } from '../../../test/mounts.ts'
import { createSpool } from './spool.ts'

const folder = mkdtempSync(join(tmpdir(), 'vitrine-spool-'))
afterAll(() => rmSync(folder, { recursive: true }))
const chunks = Array.from({ length: 40 }, () => randomBytes(100_000))
const whole = Buffer.concat(chunks)

describe('a spool', () => {
  it('passes everything on, in order, to a client that keeps up, without a file', async () => {
    const path = join(folder, 'fast')
    const spool = createSpool(path, 60_000)
    const received = buffer(spool.body)
    for (const chunk of chunks) {
      await spool.write(chunk)
      await nextTurn()
    }
    expect(existsSync(path)).toBe(false)
    spool.end()
    expect((await received).equals(whole)).toBe(true)
  })

  it('may fail before it is read; the reader still gets the error', async () => {
    const spool = createSpool(join(folder, 'early'), 60_000)
    spool.fail(new Error('refused'))
    await nextTurn()
    await expect(buffer(spool.body)).rejects.toThrow('refused')
    await expect(spool.write(chunks[0] ?? Buffer.alloc(1))).rejects.toThrow('refused')
  })

  it('keeps what a slow client has not taken in a file, and removes the file', async () => {
    const path = join(folder, 'slow')
    const spool = createSpool(path, 60_000)
    for (const chunk of chunks) await spool.write(chunk)
    spool.end()
    expect(statSync(path).size).toBeGreaterThan(2_000_000)
    expect((await buffer(spool.body)).equals(whole)).toBe(true)
    await closed(spool.body)
    expect(existsSync(path)).toBe(false)
  })

  it.skipIf(!canMount)(
    'reports a full disk that took only a part of a write (root only)',
    async () => {
      const disk = mountSmallDisk(1)
      const spool = createSpool(join(disk.data, 'spool'), 60_000)
      const writeAll = async () => {
        for (const chunk of chunks) await spool.write(chunk)
      }
      await expect(writeAll()).rejects.toThrow('ENOSPC')
      // The disk takes whole pages, so the last write had room for some of its bytes.
      expect(statSync(join(disk.data, 'spool')).size % 100_000).not.toBe(0)
      spool.fail(new Error('The disk is full.'))
      await closed(spool.body)
      disk.unmount()
    },
  )

  it('keeps the order when the client is slow at first and fast later', async () => {
    const spool = createSpool(join(folder, 'mixed'), 60_000)
    for (const chunk of chunks.slice(0, 20)) await spool.write(chunk)
    const received = buffer(spool.body)
    for (const chunk of chunks.slice(20)) {
      await spool.write(chunk)
      await nextTurn()
    }
    spool.end()
    expect((await received).equals(whole)).toBe(true)
  })

  it('cuts off a client that takes nothing, and its writer fails', async () => {
    const path = join(folder, 'idle')
    const spool = createSpool(path, 100)
    const writeOn = async () => {
      for (;;) await spool.write(Buffer.alloc(100_000))
    }
    await expect(writeOn()).rejects.toThrow('took nothing')
    await closed(spool.body)
    expect(spool.body.errored?.message).toContain('took nothing')
    await expect(spool.write(whole)).rejects.toThrow('took nothing')
    expect(existsSync(path)).toBe(false)
  })

  it('leaves no file when the client leaves while the file is being made', async () => {
    const path = join(folder, 'left')
    const spool = createSpool(path, 60_000)
    await spool.write(whole)
    const writing = spool.write(whole)
    spool.body.destroy()
    await expect(writing).rejects.toThrow('The client has left.')
    expect(existsSync(path)).toBe(false)
  })

  it('never ends normally after a fault', async () => {
    const spool = createSpool(join(folder, 'fault'), 60_000)
    await spool.write(whole)
    const received = buffer(spool.body)
    spool.fail(new Error('the database went away'))
    await expect(received).rejects.toThrow('the database went away')
  })
})

function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve()
    else stream.once('error', () => {}).once('close', resolve)
  })
}
