import { statSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openDiskStorage } from './disk.ts'
import { interceptFileSystem } from './journal/intercept.fixture.ts'
import { newKey, type Storage } from './storage.ts'
import { describeStorage } from './storage-suite.ts'

/** A folder on another file system than the temporary folders: in memory on Linux, or on the disk. */
const OTHER_FILE_SYSTEM = ['/dev/shm', '/var/tmp'].find((path) => {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && found.dev !== statSync(tmpdir()).dev
})

let folder: string
let root: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-disk-'))
  root = join(folder, 'files')
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

describeStorage('disk', () => openDiskStorage(root))

describe('disk', () => {
  let storage: Storage
  let source: string
  const key = newKey('originals', 'jpg')

  beforeEach(async () => {
    storage = await openDiskStorage(root)
    source = join(folder, 'source')
    await writeFile(source, 'some bytes', { mode: 0o644 })
  })

  const filesIn = async (path: string) => {
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
  }

  it('does not copy a spent file', async () => {
    await storage.put(key, source, { isSpent: true })
    expect((await stat(join(root, key))).ino).toBe((await stat(source)).ino)
    expect(await filesIn(root)).toEqual([basename(key)])
  })

  it.skipIf(OTHER_FILE_SYSTEM === undefined)(
    'copies a spent file from another file system',
    async () => {
      const other = await mkdtemp(join(OTHER_FILE_SYSTEM ?? '', 'vitrine-disk-'))
      onTestFinished(() => rm(other, { recursive: true }))
      const path = join(other, 'source')
      await writeFile(path, 'from afar')
      await storage.put(key, path, { isSpent: true })
      expect(String(await storage.read(key))).toBe('from afar')
      expect((await stat(join(root, key))).mode & 0o777).toBe(0o600)
    },
  )

  it('lets only this account read its files', async () => {
    await storage.put(key, source)
    await storage.check()
    for (const path of ['', 'originals', dirname(key)]) {
      expect((await stat(join(root, path))).mode & 0o777).toBe(0o700)
    }
    for (const path of [key, '.check']) {
      expect((await stat(join(root, path))).mode & 0o777).toBe(0o600)
    }
  })

  it('finds its objects again', async () => {
    await storage.put(key, source)
    const again = await openDiskStorage(root)
    expect(String(await again.read(key))).toBe('some bytes')
  })

  it('flushes in the order that survives a power cut', async () => {
    const calls: string[] = []
    const end = await interceptFileSystem((call, path) => {
      calls.push(
        `${call} ${relative(root, path).replace(key, 'FILE').replace(dirname(key), 'FOLDER')}`,
      )
    })
    try {
      await storage.put(key, source)
      expect(calls.splice(0)).toEqual([
        'mkdir FOLDER',
        'sync originals',
        'sync ',
        'copyFile FILE.part',
        'sync FILE.part',
        'lstat FILE',
        'rename FILE',
        'sync FOLDER',
      ])
      await storage.unlink?.([key])
      expect(calls.splice(0)).toEqual(['unlink FILE'])
      await storage.remove([key])
      expect(calls.splice(0)).toEqual(['unlink FILE', 'unlink FILE.part', 'sync FOLDER'])
      // The folder is known to be durable now.
      await storage.put(key, source)
      expect(calls[0]).toBe('copyFile FILE.part')
    } finally {
      end()
    }
  })

  it.each(['mkdir', 'copyFile', 'sync', 'lstat', 'rename'])(
    'leaves nothing of a put if any of its calls to %s fails',
    async (failing) => {
      for (let nth = 1; ; nth++) {
        const storage = await openDiskStorage(join(root, String(nth)))
        let count = 0
        const end = await interceptFileSystem((call) => {
          if (call !== failing || ++count !== nth) return
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        })
        try {
          const put = storage.put(key, source)
          if (
            !(await put.then(
              () => false,
              () => true,
            ))
          ) {
            expect(nth).toBeGreaterThan(1)
            break
          }
          await expect(put).rejects.toMatchObject({ cause: { code: 'ENOSPC' } })
        } finally {
          end()
        }
        expect(await filesIn(root)).toEqual([])
        // The fault was temporary.
        await storage.put(key, source)
        await storage.remove([key])
      }
    },
  )

  it.each(['remove', 'unlink'] as const)(
    'tries to %s every key, and rejects if one fails',
    async (method) => {
      const others = [newKey('originals', 'jpg'), newKey('variants', 'webp')]
      for (const each of [key, ...others]) await storage.put(each, source)
      const end = await interceptFileSystem((call, path) => {
        if (call === 'unlink' && path.endsWith(key)) throw new Error('input/output error')
      })
      await expect(storage[method]?.([key, ...others]))
        .rejects.toThrow()
        .finally(end)
      expect((await Array.fromAsync(storage.list())).map((found) => found.key)).toEqual([key])
    },
  )

  it('puts again after a folder was removed', async () => {
    await storage.put(key, source)
    await rm(join(root, dirname(key)), { recursive: true })
    await storage.put(key, source).catch(() => storage.put(key, source))
    expect(await storage.size(key)).toBe(10)
  })

  it('removes and lists the remains of an interrupted put', async () => {
    await mkdir(join(root, dirname(key)), { recursive: true })
    await writeFile(join(root, `${key}.part`), 'som')
    expect(await Array.fromAsync(storage.list())).toEqual([{ key: `${key}.part`, size: 3 }])
    expect(await storage.size(key)).toBeUndefined()
    await storage.remove([key])
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })

  it('lists foreign files, and sets them aside', async () => {
    await mkdir(join(root, 'variants', 'holiday'), { recursive: true })
    await writeFile(join(root, 'variants', 'holiday', 'a b.jpg'), 'bytes')
    const [found] = await Array.fromAsync(storage.list())
    expect(found).toEqual({ key: 'variants/holiday/a b.jpg', size: 5 })
    const place = await storage.setAside('variants/holiday/a b.jpg')
    expect((await stat(place)).size).toBe(5)
    expect(await Array.fromAsync(storage.list())).toEqual([])
  })

  it('follows no symbolic link', async () => {
    await mkdir(join(root, dirname(key)), { recursive: true })
    await symlink(source, join(root, key))
    await expect(storage.open(key)).rejects.toThrow()
    await expect(storage.read(key)).rejects.toThrow()
    expect(await storage.size(key)).toBeUndefined()
    await storage.remove([key])
    expect((await stat(source)).size).toBe(10)
  })

  it('fails its check when the folder is gone', async () => {
    await rm(root, { recursive: true })
    await expect(storage.check()).rejects.toThrow()
  })

  it.runIf(process.platform === 'linux')('closes every file it opened', async () => {
    const empty = newKey('variants', 'webp')
    await storage.put(key, source)
    await writeFile(source, '')
    await storage.put(empty, source)

    const unread = await storage.open(key)
    unread.stream.destroy()
    const read = await storage.open(key)
    await Array.fromAsync(read.stream)
    const part = await storage.open(key, { start: 0, end: 1 })
    await Array.fromAsync(part.stream)
    await storage.open(empty)
    await expect(storage.open(key, { start: 99, end: 100 })).rejects.toThrow()
    await expect(storage.put(key, source)).rejects.toThrow()
    await storage.check()
    await storage.remove([key, empty])

    await vi.waitFor(async () => {
      const open = await Promise.all(
        (await readdir('/proc/self/fd')).map((fd) =>
          readlink(`/proc/self/fd/${fd}`).catch(() => ''),
        ),
      )
      expect(open.filter((path) => path.startsWith(root))).toEqual([])
    })
  })
})
