import {
  closeSync,
  constants,
  fstatSync,
  open as openCallback,
  read as readCallback,
  type Stats,
} from 'node:fs'
import {
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  opendir,
  readFile,
  rename,
  rm,
  unlink,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { syncFolder, writeAll } from '../base/durable-files.ts'
import { heard } from '../base/heard.ts'
import { requireRoom } from './room.ts'
import {
  type ByteRange,
  checkKey,
  isListed,
  KINDS,
  ObjectMissing,
  type Storage,
} from './storage.ts'

/** Suffix of an object that is being written. Its name follows from the key, so a removal can find it. */
const PART = '.part'

/**
 * Stores objects as files below a folder: `<root>/originals/3f2/<32 hex>.jpg`. Only this account may read
 * them (folders 0700, files 0600).
 *
 * Every call runs on libuv's thread pool. A put or a removal holds a thread while the disk flushes, so a
 * larger UV_THREADPOOL_SIZE helps on slow disks.
 *
 * @param root created if it does not exist
 */
export async function openDiskStorage(root: string): Promise<Storage> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  await syncFolder(dirname(root))

  /** Folders that survive a power cut: they exist, and their parents are flushed. */
  const durableFolders = new Set<string>()

  const fileOf = (key: string): string => {
    checkKey(key)
    return join(root, key)
  }

  async function makeFolder(folder: string): Promise<void> {
    if (durableFolders.has(folder)) return
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // Also if it existed already: the process that made it may have died before the flush.
    await syncFolder(dirname(folder))
    await syncFolder(root)
    durableFolders.add(folder)
  }

  return {
    async put(key, path, { isSpent = false } = {}) {
      const file = fileOf(key)
      const folder = dirname(file)
      try {
        await makeFolder(folder)
        await putFile(path, file, isSpent)
      } catch (error) {
        // The folder may have been removed.
        durableFolders.delete(folder)
        throw new Error(`Storing ${key} failed.`, { cause: error })
      }
    },

    async open(key, range) {
      const file = fileOf(key)
      const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error) => {
        throw isMissing(error) ? new ObjectMissing(key, { cause: error }) : error
      })
      try {
        const stats = await handle.stat()
        if (!stats.isFile()) throw new ObjectMissing(key)
        const { size } = stats
        const { start, end } = clampRange(key, size, range)
        if (size > 0) return { size, stream: heard(handle.createReadStream({ start, end })) }
        await handle.close()
        return { size, stream: heard(Readable.from([])) }
      } catch (error) {
        await handle.close()
        throw error
      }
    },

    async read(key, into) {
      const file = fileOf(key)
      try {
        const bytes = into && (await readInto(file, into))
        return bytes ?? (await readFile(file, { flag: constants.O_RDONLY | constants.O_NOFOLLOW }))
      } catch (error) {
        throw isMissing(error) ? new ObjectMissing(key, { cause: error }) : error
      }
    },

    async lendTo(key, path) {
      const file = fileOf(key)
      const stats = await statIfThere(file)
      if (!stats?.isFile()) throw new ObjectMissing(key)
      try {
        if (await linkIfPossible(file, path)) return
        await copyFile(file, path, constants.COPYFILE_EXCL)
      } catch (error) {
        throw isMissing(error) ? new ObjectMissing(key, { cause: error }) : error
      }
    },

    async size(key) {
      const stats = await statIfThere(fileOf(key))
      return stats?.isFile() ? stats.size : undefined
    },

    async remove(keys) {
      const folders = Map.groupBy(keys.map(fileOf), dirname)
      const results = await Promise.allSettled(
        [...folders].map(([folder, files]) => removeFiles(folder, files)),
      )
      rejectIfAny(results)
    },

    async unlink(keys) {
      const results = await Promise.allSettled(
        keys.map(fileOf).map((file) => unlink(file).catch(ignoreMissing)),
      )
      rejectIfAny(results)
    },

    async *list() {
      for (const kind of KINDS) yield* listFolder(root, kind)
    },

    async setAside(name) {
      if (!isListed(name)) throw new Error(`${JSON.stringify(name)} is not in storage.`)
      const target = join(root, 'strays', String(Date.now()), name)
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      await rename(join(root, name), target)
      return target
    },

    async check() {
      await requireRoom(root)
      // Always the same file, so that concurrent checks do not disturb each other, and a killed check leaves
      // no new file.
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
      const handle = await open(join(root, '.check'), flags, 0o600)
      try {
        await writeAll(handle, Buffer.from('1'), 0)
        const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0)
        if (bytesRead !== 1) throw new Error(`What is written to ${root} cannot be read back.`)
      } finally {
        await handle.close()
      }
    },
  }
}

const openDescriptor = promisify(openCallback)
const readDescriptor = promisify(readCallback)

/**
 * Reads a file into existing memory. That takes a third of the time of a read into new memory. It uses a file
 * descriptor, because a `FileHandle` and its promises take 50 % more time.
 *
 * @returns the filled part of the memory; undefined if the file is larger
 */
async function readInto(file: string, memory: Buffer): Promise<Buffer | undefined> {
  const descriptor = await openDescriptor(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    // Neither `fstatSync` nor `closeSync` waits for the disk: the file is open, and nothing was written.
    const { size } = fstatSync(descriptor)
    if (size > memory.length) return undefined
    let filled = 0
    while (filled < size) {
      const { bytesRead } = await readDescriptor(descriptor, memory, filled, size - filled, filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return memory.subarray(0, filled)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Copies the file (or links it, if the source is spent), flushes it, and only then renames it to its final
 * name. So after a power cut the file is complete or absent: https://lwn.net/Articles/457667/
 */
async function putFile(source: string, file: string, isSpent: boolean): Promise<void> {
  let written = file + PART
  // Link and copy are exclusive. If two puts use the same key, one fails here and does not touch the file of
  // the other. A copy shares blocks with its source where the file system supports it.
  const isLinked = isSpent && (await linkIfPossible(source, written))
  if (!isLinked) {
    await copyFile(source, written, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  }
  try {
    const handle = await open(written, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      // A copy has the mode of its source.
      if (!isLinked) await handle.chmod(0o600)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (await statIfThere(file)) throw new Error('There is such an object already.')
    await rename(written, file)
    written = file
    await syncFolder(dirname(file))
  } catch (error) {
    // If this fails too, the journal still names the key.
    await rm(written, { force: true }).catch(() => {})
    throw error
  }
}

/** @returns false if the source is on another file system, or if the file system has no hard links */
async function linkIfPossible(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (['EXDEV', 'EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(code)) return false
    throw error
  }
}

function rejectIfAny(results: readonly PromiseSettledResult<unknown>[]): void {
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (errors.length > 0) {
    throw new AggregateError(errors, 'Removing objects failed.', { cause: errors[0] })
  }
}

async function removeFiles(folder: string, files: readonly string[]): Promise<void> {
  const results = await Promise.allSettled(
    files.flatMap((file) => [file, file + PART]).map((path) => unlink(path).catch(ignoreMissing)),
  )
  // Also if no file was there: the process that removed it may have died before the flush.
  await syncFolder(folder).catch(ignoreMissing)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function* listFolder(
  root: string,
  name: string,
): AsyncGenerator<{ key: string; size: number }> {
  const folder = await opendir(join(root, name)).catch(ignoreMissing)
  if (!folder) return
  for await (const entry of folder) {
    const key = `${name}/${entry.name}`
    if (entry.isDirectory()) {
      yield* listFolder(root, key)
      continue
    }
    const stats = await statIfThere(join(root, key))
    if (stats) yield { key, size: stats.size }
  }
}

function clampRange(key: string, size: number, range: ByteRange | undefined): ByteRange {
  if (!range) return { start: 0, end: size - 1 }
  const { start, end } = range
  if (start >= size || end < start || start < 0) {
    throw new RangeError(`${key} has ${size} bytes and none from ${start} to ${end}.`)
  }
  return { start, end: Math.min(end, size - 1) }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(ignoreMissing)
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
