import { createHash, randomBytes } from 'node:crypto'
import {
  mkdir,
  mkdtemp,
  readdir,
  rm,
  rmdir,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { identifyProcess, isRunning, type ProcessIdentity } from './journal/owner.ts'
import { requireRoom } from './room.ts'

const RENEWAL_MS = 60_000
/** A folder of a host that cannot be asked counts as abandoned after so long without a renewal. */
const ABANDONED_MS = 10 * RENEWAL_MS

/** A folder of this process alone, for what need not outlive it. */
export interface TemporaryFolder {
  readonly path: string
  /** A path in it that was never used before; the file is for the caller to make and to remove. */
  newFile(): string
  /** Gives `work` a new folder in it, which goes with everything in it when `work` is done. */
  withFolder<T>(work: (folder: string) => Promise<T>): Promise<T>
  /** Rejects if nothing can be written to it, or little. */
  check(): Promise<void>
  /** Removes it. */
  close(): Promise<void>
}

/**
 * Makes this process's own folder, `<data>/tmp/<process>/`, and removes those of processes that no
 * longer run, now and from time to time. A live one's is never touched.
 *
 * The name tells the process, so no database is asked. Where the process cannot be asked either (a
 * container that was replaced), the folder's time decides, which its owner renews.
 */
export async function openTemporaryFolder(deps: {
  data: string
  log: Pick<Logger, 'warn'>
  /** Whether its disk is known not to be writable: none is made, and making a file in it fails so. */
  isReadOnly?: boolean
}): Promise<TemporaryFolder> {
  const { data, log, isReadOnly = false } = deps
  const all = join(data, 'tmp')
  const self = await identifyProcess()
  const own = `${nameOf(self)}-${randomBytes(4).toString('hex')}`
  const path = isReadOnly ? all : join(all, own)
  /** Those that could not be removed (another account's): said once, not every minute. */
  const stuck = new Set<string>()

  async function renew() {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await utimes(path, new Date(), new Date())
    for (const name of await readdir(all)) {
      const folder = join(all, name)
      try {
        if (stuck.has(name) || !(await isAbandoned(folder, name, self))) continue
        await rm(folder, { recursive: true, force: true })
      } catch (error) {
        stuck.add(name)
        log.warn({ err: error, folder }, 'An abandoned temporary folder could not be removed')
      }
    }
  }
  if (!isReadOnly) await renew()
  const timer = setInterval(() => {
    if (isReadOnly) return
    renew().catch((error) => log.warn({ err: error }, 'The temporary folder could not be renewed'))
  }, RENEWAL_MS).unref()

  return {
    path,
    newFile: () => join(path, randomBytes(16).toString('hex')),
    async withFolder(work) {
      const folder = await mkdtemp(join(path, 'work-'))
      try {
        return await work(folder)
      } finally {
        await removeFlat(folder)
          .catch(() => rm(folder, { recursive: true, force: true }))
          .catch((error) => {
            log.warn({ err: error, folder }, 'A temporary folder could not be removed')
          })
      }
    },
    async check() {
      await requireRoom(path)
      await writeFile(join(path, '.check'), '1', { mode: 0o600 })
    },
    async close() {
      clearInterval(timer)
      if (!isReadOnly) await rm(path, { recursive: true, force: true })
    },
  }
}

/**
 * Removes a folder of files. In half the time that it takes to remove one of which nothing is known,
 * which is asked what it is, and removed in vain, first.
 */
async function removeFlat(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await unlink(join(folder, name))
  await rmdir(folder)
}

/** `<pid>-<start>-<host>`, and a few random digits for each folder of the process. */
const NAME = /^(\d+)-(\d+)-([0-9a-f]{16})-[0-9a-f]{8}$/

const nameOf = ({ pid, started, host }: ProcessIdentity) => `${pid}-${started}-${hashHost(host)}`

const hashHost = (host: string) => createHash('sha256').update(host).digest('hex').slice(0, 16)

async function isAbandoned(folder: string, name: string, self: ProcessIdentity): Promise<boolean> {
  const [, pid, started, host] = NAME.exec(name) ?? []
  // Nothing of ours.
  if (!pid || !started || !host) return false
  const here = hashHost(self.host)
  const running = await isRunning({ pid: Number(pid), started, host }, here)
  if (running !== undefined) return !running
  const { mtimeMs } = await stat(folder)
  return mtimeMs < Date.now() - ABANDONED_MS
}
