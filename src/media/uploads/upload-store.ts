import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAll } from '../../base/durable-files.ts'
import { AppError, parametersInvalid, serviceBusy } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import { requireRoom } from '../../storage/room.ts'
import type { UploadFields } from './tus-headers.ts'

/** Uploads end this long after their beginning. */
export const LIFETIME_MS = 24 * 3600 * 1000
/** Unfinished uploads of one account, and of all: each is two files. */
const MAX_OF_ACCOUNT = 100
const MAX_OF_ALL = 1000
/** One account gets at most this part of the disk that unfinished uploads may take. */
const SHARE_OF_ACCOUNT = 1 / 4

/** An upload as the disk has it. */
export interface UploadRecord {
  id: string
  /** Id of the account that began it. */
  account: string
  /** Bytes of the whole file. */
  length: number
  /** Milliseconds since 1970. */
  began: number
  /** `Upload-Metadata` as it was sent. */
  metadata: string
  fields: UploadFields
  /** The boot of the machine. Bytes from before it may never have reached the disk. */
  boot: string
  /** Set at the end. */
  end?: UploadEnd
}

/** An item, and the earlier ones with the same bytes; or a refusal. */
export type UploadEnd = AddedUpload | { refused: true }

export interface AddedUpload {
  media: number
  duplicates: readonly number[]
}

/**
 * Keeps resumable uploads in a folder of this machine, where they survive the process. All processes of the machine can
 * use it at once. Each upload is a file with its record and one with its bytes: the size of the second is how many have
 * arrived.
 */
export interface UploadStore {
  /** @throws AppError 503 if it would go over a limit; the disk's own error if it is full */
  begin(
    upload: Pick<UploadRecord, 'account' | 'length' | 'metadata' | 'fields'>,
  ): Promise<UploadRecord>
  /** @returns undefined if there is no such upload of the account */
  find(id: string, account: string): Promise<UploadRecord | undefined>
  /** Bytes that have arrived; undefined while they are taken, and after the end. */
  size(id: string): Promise<number | undefined>
  /**
   * Writes bytes at a position, and keeps those that arrived if the rest does not.
   * @throws AppError 400 if they go beyond the length, 410 if the bytes are taken; the errors of `chunks`
   */
  append(upload: UploadRecord, at: number, chunks: AsyncIterable<Buffer>): Promise<void>
  /**
   * Takes the bytes away from all others, so that one caller alone completes the upload.
   * @param mark tells who it is: digits, letters and hyphens
   * @returns their path; undefined if another caller has taken them
   */
  take(id: string, mark: string): Promise<string | undefined>
  /** Who has taken the bytes, and where they are. */
  taken(id: string): Promise<{ mark: string; path: string } | undefined>
  giveBack(id: string, path: string): Promise<void>
  /** Keeps the record, and removes the bytes. */
  end(record: UploadRecord, end: UploadEnd): Promise<void>
  remove(id: string): Promise<void>
  /** Removes uploads whose time is over. */
  sweep(): Promise<void>
}

/** Random, behind the name of the instance if it has one. Safe as the name of a file. */
const ID = /^(?:[a-z0-9-]{1,32}\.)?[0-9a-f]{32}$/

/**
 * @param folder is made with the first upload
 * @param instance begins every id, so that a proxy finds the instance again
 * @param maxBytes that all unfinished uploads may have together
 */
export async function openUploadStore({
  folder,
  instance,
  maxBytes,
  maxImageBytes,
}: {
  folder: string
  instance: string | undefined
  maxBytes: number
  maxImageBytes: number
}): Promise<UploadStore> {
  const boot = await readBoot()
  const recordOf = (id: string) => join(folder, `${id}.json`)
  const endOf = (id: string) => join(folder, `${id}.done`)
  const bytesOf = (id: string) => join(folder, `${id}.part`)
  /** Beginnings one after the other, so that two do not take the same room. */
  let last: Promise<unknown> = Promise.resolve()

  async function readRecord(path: string): Promise<UploadRecord | undefined> {
    try {
      return JSON.parse(await readFile(path, 'utf8'))
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  }

  async function writeRecord(path: string, record: UploadRecord) {
    const written = `${path}.${randomBytes(4).toString('hex')}`
    await writeFile(written, JSON.stringify(record), { mode: 0o600 })
    await rename(written, path)
  }

  async function requireSpace(account: string, length: number) {
    const ids = (await namesIn(folder)).filter((name) => name.endsWith('.json'))
    const records = await Promise.all(ids.map((name) => readRecord(join(folder, name))))
    const all = records.filter((record) => record !== undefined && isLive(record))
    const own = all.filter((record) => record?.account === account)
    const bytes = (list: typeof all) =>
      list.reduce((sum, record) => sum + (record?.length ?? 0), length)
    const mostOfAccount = Math.max(SHARE_OF_ACCOUNT * maxBytes, maxImageBytes)
    if (own.length >= MAX_OF_ACCOUNT || bytes(own) > mostOfAccount) {
      throw serviceBusy('This account has too many unfinished uploads; finish or end some.', 30)
    }
    if (all.length >= MAX_OF_ALL || bytes(all) > Math.max(maxBytes, maxImageBytes)) {
      throw serviceBusy('The server has too many unfinished uploads; try again later.', 30)
    }
  }

  const isLive = ({ began, boot: theirs }: UploadRecord) =>
    theirs === boot && Date.now() < began + LIFETIME_MS

  async function begin(given: Parameters<UploadStore['begin']>[0]): Promise<UploadRecord> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await requireRoom(folder)
    await requireSpace(given.account, given.length)
    const random = randomBytes(16).toString('hex')
    const id = instance === undefined ? random : `${instance}.${random}`
    const record = { ...given, id, began: Date.now(), boot }
    await (await open(bytesOf(id), 'wx', 0o600)).close()
    await writeRecord(recordOf(id), record)
    return record
  }

  async function remove(id: string) {
    await Promise.all(
      [recordOf(id), endOf(id), bytesOf(id)].map((path) => rm(path, { force: true })),
    )
  }

  return {
    begin(given) {
      const begun = last.then(() => begin(given))
      last = begun.catch(() => {})
      return begun
    },

    async find(id, account) {
      if (!ID.test(id)) return undefined
      const record = (await readRecord(recordOf(id))) ?? (await readRecord(endOf(id)))
      if (record?.account !== account) return undefined
      if (!isLive(record)) throw uploadGone('Its time is over.')
      return record
    },

    async size(id) {
      try {
        return (await stat(bytesOf(id))).size
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },

    async append({ id, length }, at, chunks) {
      const file = await open(bytesOf(id), 'r+').catch((error) => {
        throw isAbsent(error) ? uploadGone('It was completed or ended meanwhile.') : error
      })
      try {
        let position = at
        for await (const chunk of chunks) {
          if (position + chunk.length > length) {
            throw parametersInvalid(`The body goes beyond the ${length} bytes of Upload-Length.`)
          }
          position += await writeAll(file, chunk, position)
        }
      } finally {
        await file.close()
      }
    },

    async take(id, mark) {
      const path = join(folder, `${id}.${mark}.taken`)
      try {
        await rename(bytesOf(id), path)
        return path
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },

    async taken(id) {
      const names = await namesIn(folder)
      const name = names.find((other) => other.startsWith(`${id}.`) && other.endsWith('.taken'))
      if (name === undefined) return undefined
      return { mark: name.slice(id.length + 1, -'.taken'.length), path: join(folder, name) }
    },

    giveBack: (id, path) => rename(path, bytesOf(id)),

    async end(record, end) {
      await writeRecord(endOf(record.id), { ...record, end })
      await Promise.all(
        [recordOf(record.id), bytesOf(record.id)].map((path) => rm(path, { force: true })),
      )
    },

    remove,

    async sweep() {
      for (const name of await namesIn(folder)) {
        const path = join(folder, name)
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
        const record = /\.(?:json|done)$/.test(name) ? await readRecord(path) : undefined
        const isOver = record ? !isLive(record) : mtimeMs < Date.now() - LIFETIME_MS
        if (isOver) await (record ? remove(record.id) : rm(path, { force: true }))
      }
    },
  }
}

export const uploadGone = (why: string) =>
  new AppError('upload-gone', 410, 'Upload gone', { detail: `${why} Begin a new upload.` })

/** The bytes of a file, in pieces. */
export const readPieces = (path: string): AsyncIterable<Buffer> =>
  heard(createReadStream(path, { highWaterMark: 1024 * 1024 }))

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** Other systems than Linux have no such id; there an upload outlives a boot. */
const readBoot = () =>
  readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  )
