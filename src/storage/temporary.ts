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
/** A folder of another host counts as abandoned after this time without a renewal. */
const ABANDONED_MS = 10 * RENEWAL_MS

/** A folder of this process alone, for files that need not outlive the process. */
export interface TemporaryFolder {
  readonly path: string
  /** Returns an unused path in the folder. The caller creates and removes the file. */
  newFile(): string
  /** Gives `work` a new subfolder, and removes it with its files when `work` has settled. */
  withFolder<T>(work: (folder: string) => Promise<T>): Promise<T>
  /** Rejects if the folder is not writable, or if its disk is nearly full. */
  check(): Promise<void>
  /** Removes the folder. */
  close(): Promise<void>
}

/**
 * Creates the folder of this process, `<data>/tmp/<process>/`. Removes the folders of processes that no
 * longer run, now and every minute. The folder of a live process is never touched.
 *
 * The name identifies the process, so no database is needed. If the state of the process is unknown (its
 * container was replaced), the folder's modification time decides. The owner renews it every minute.
 */
export async function openTemporaryFolder(deps: {
  data: string
  log: Pick<Logger, 'warn'>
  /** True on a read-only disk. Then no folder is created, and creating a file in it fails. */
  isReadOnly?: boolean
}): Promise<TemporaryFolder> {
  const { data, log, isReadOnly = false } = deps
  const all = join(data, 'tmp')
  const self = await identifyProcess()
  const own = `${nameOf(self)}-${randomBytes(4).toString('hex')}`
  const path = isReadOnly ? all : join(all, own)
  /** Folders that could not be removed, because another account owns them. Logged once, not every minute. */
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
 * Removes a folder that contains only files. This takes half the time of a recursive `rm`, which first looks
 * up what the path is and tries to remove it as it is.
 */
async function removeFlat(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await unlink(join(folder, name))
  await rmdir(folder)
}

/** `<pid>-<start>-<host>-<random>`. The random digits distinguish several folders of one process. */
const NAME = /^(\d+)-(\d+)-([0-9a-f]{16})-[0-9a-f]{8}$/

const nameOf = ({ pid, started, host }: ProcessIdentity) => `${pid}-${started}-${hashHost(host)}`

const hashHost = (host: string) => createHash('sha256').update(host).digest('hex').slice(0, 16)

async function isAbandoned(folder: string, name: string, self: ProcessIdentity): Promise<boolean> {
  const [, pid, started, host] = NAME.exec(name) ?? []
  // Not made by this program.
  if (!pid || !started || !host) return false
  const here = hashHost(self.host)
  const running = await isRunning({ pid: Number(pid), started, host }, here)
  if (running !== undefined) return !running
  const { mtimeMs } = await stat(folder)
  return mtimeMs < Date.now() - ABANDONED_MS
}
