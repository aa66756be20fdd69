import { hash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Actor } from '../../audit/record.ts'
import { AppError, serviceBusy } from '../../base/errors.ts'
import { createIncomingFile } from '../../http/body/incoming-file.ts'
import { identifyProcess, isRunning, type ProcessIdentity } from '../../storage/journal/owner.ts'
import { addMedia } from '../change/add.ts'
import type { Library } from '../library.ts'
import {
  type AddedUpload,
  readPieces,
  type UploadEnd,
  type UploadRecord,
  type UploadStore,
  uploadGone,
} from './upload-store.ts'

/** An upload, and how many of its bytes have arrived. */
export interface UploadState {
  upload: UploadRecord
  /** Undefined while it is being completed, by this process or another one, and after the end. */
  size: number | undefined
}

export interface Completion {
  /**
   * Finds out how far an upload is. If the process that completed it was killed, it finds the item, or gives the bytes back.
   * @throws AppError 410 if its bytes are lost
   */
  inspect(upload: UploadRecord, by: Actor): Promise<UploadState>
  /**
   * Adds the whole file to the library, like every other add. Waits if this process does so already.
   * @throws AppError 422 if the image is refused, and then the upload is over; 503 if another process completes it; the
   *   errors of an add, after which it can be tried again
   */
  complete(upload: UploadRecord, by: Actor): Promise<AddedUpload>
}

/** Completes uploads, each once, however many requests and processes want to. */
export async function createCompletion(
  library: Library,
  store: UploadStore,
  maxImageBytes: number,
): Promise<Completion> {
  const self = await identifyProcess()
  const running = new Map<string, Promise<AddedUpload>>()

  return {
    async inspect(upload, by) {
      const { id, account } = upload
      if (running.has(id)) return { upload, size: undefined }
      const size = await store.size(id)
      if (size !== undefined) return { upload, size }
      const taken = await store.taken(id)
      if (!taken) {
        // It ended, or was given back, since it was looked up.
        const [now, size] = [await store.find(id, account), await store.size(id)]
        if (now?.end) return { upload: now, size: undefined }
        if (now && size !== undefined) return { upload: now, size }
        throw uploadGone('Its bytes are lost.')
      }
      const { owner, after } = readMark(taken.mark, self)
      const isSelf = owner?.pid === self.pid && owner.started === self.started
      if (owner && !isSelf && ((await isRunning(owner, self.host)) ?? true)) {
        return { upload, size: undefined }
      }
      const media = await findAdded(upload, after, by)
      if (media === undefined) {
        await store.giveBack(id, taken.path)
        return { upload, size: await store.size(id) }
      }
      const end = { media, duplicates: [] }
      await finish(upload, end, taken.path)
      return { upload: { ...upload, end }, size: undefined }
    },

    complete(upload, by) {
      const known = running.get(upload.id)
      if (known) return known
      const completed = completeAlone(upload, by).finally(() => running.delete(upload.id))
      running.set(upload.id, completed)
      return completed
    },
  }

  async function completeAlone(upload: UploadRecord, by: Actor): Promise<AddedUpload> {
    const { database, temporary, log } = library
    const { after } = await database.read
      .selectFrom('media')
      .select((row) => row.fn.max('id').as('after'))
      .executeTakeFirstOrThrow()
    const taken = await store.take(upload.id, writeMark(self, Number(after ?? 0)))
    if (taken === undefined) {
      throw serviceBusy('The upload is being completed already; ask for its offset.')
    }
    const copy = createIncomingFile(temporary.newFile, maxImageBytes)
    try {
      // Copied, because a request whose client has long left may still write into the file.
      for await (const piece of readPieces(taken)) await copy.write(piece)
      const image = await copy.finish()
      if (image?.size !== upload.length) throw uploadGone('Its bytes are lost.')
      const { name, tags, fileName } = upload.fields
      const item = { name, tags, keywords: true, fileName, image, by }
      const { media, duplicates } = await addMedia(library, item)
      const end = { media: media.id, duplicates }
      await finish(upload, end, taken).catch((error) => {
        // The bytes stay taken, and a later process finds the item.
        log.warn({ err: error }, 'The end of an upload could not be recorded')
      })
      return end
    } catch (error) {
      if (!isFinal(error)) {
        await store.giveBack(upload.id, taken)
        throw error
      }
      await finish(upload, { refused: true }, taken)
      const { code, message, detail } = error
      throw new AppError(code, 422, message, { ...(detail !== undefined && { detail }) })
    } finally {
      await copy.discard().catch((error) => {
        log.warn({ err: error }, 'The temporary file of an upload could not be removed')
      })
    }
  }

  async function finish(upload: UploadRecord, end: UploadEnd, taken: string) {
    await store.end(upload, end)
    await rm(taken, { force: true })
  }

  /** The item of an upload, if it was made after the item with the id `after`. */
  async function findAdded(
    { length, fields }: UploadRecord,
    after: number,
    by: Actor,
  ): Promise<number | undefined> {
    const item = await library.database.read
      .selectFrom('media')
      .innerJoin('files', 'files.id', 'media.file_id')
      .select('media.id')
      .where('media.id', '>', after)
      .where('media.name', '=', fields.name)
      .where('media.added_by', '=', by.name)
      .where('files.size', '=', length)
      .orderBy('media.id')
      .limit(1)
      .executeTakeFirst()
    return item?.id
  }
}

/** The same bytes would be refused again, or are lost. */
const isFinal = (error: unknown): error is AppError =>
  error instanceof AppError && ['image-refused', 'upload-gone'].includes(error.code)

/** @param after the highest id of an item when the completion began */
const writeMark = ({ pid, started, host }: ProcessIdentity, after: number): string =>
  [pid, started, hashOf(host), after].join('-')

/** The owner is undefined if it ran on another host, or before this one was started: then it runs no more. */
function readMark(mark: string, self: ProcessIdentity) {
  const [pid, started = '', host, after] = mark.split('-')
  const isHere = host === hashOf(self.host)
  return {
    owner: isHere ? { host: self.host, pid: Number(pid), started } : undefined,
    after: Number(after),
  }
}

const hashOf = (host: string): string => hash('sha256', host).slice(0, 16)
