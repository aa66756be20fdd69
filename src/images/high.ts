import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../database/database.ts'
import { AppError, mediaNotFound } from '../errors.ts'
import { heard } from '../heard.ts'
import { createRecent } from '../recent.ts'
import type { Journal } from '../storage/journal.ts'
import { newKey, type Storage } from '../storage/storage.ts'
import type { TemporaryFolder } from '../storage/temporary.ts'
import type { Images, RenderedImage } from './images.ts'
import { findVariant, type StoredVariant } from './variants.ts'

/** How long a render that failed is not tried again, whatever it failed of: each try costs seconds. */
const FAILURE_MEMORY_MS = 5 * 60_000
/** Against a library full of such images filling the memory: some thousand. */
const MAX_FAILURES_BYTES = 8 * 1024 * 1024

export interface HighRenders {
  /**
   * The `high` variant of a file, rendered and kept if there is none yet; one render, however many
   * ask at once.
   * @throws AppError 404 if the file is gone; 500 if it cannot be rendered, remembered for a while;
   *   503 under overload
   */
  render(fileId: number): Promise<StoredVariant>
  /** Ends the render of a file, if one is under way, and waits until nothing of it is left. */
  end(fileId: number): Promise<void>
  /** Lets the next request try a file again, if it could not be rendered. */
  forgetFailure(fileId: number): void
}

export function createHighRenders(deps: {
  database: Database
  storage: Storage
  journal: Journal
  images: Images
  temporary: TemporaryFolder
  log: FastifyBaseLogger
}): HighRenders {
  const running = new Map<number, { result: Promise<StoredVariant>; abort: AbortController }>()
  const failures = createRecent<{ error: unknown; until: number }>(MAX_FAILURES_BYTES)

  const remember = (fileId: number, error: unknown) => {
    const failure = { error, until: Date.now() + FAILURE_MEMORY_MS }
    failures.set(String(fileId), failure, bytesOf(error))
  }

  return {
    render(fileId) {
      const known = running.get(fileId)
      if (known) return known.result
      const failure = failures.get(String(fileId))
      if (failure && failure.until > Date.now()) return Promise.reject(failure.error)
      failures.delete(String(fileId))

      const abort = new AbortController()
      const result = renderAndKeep(deps, fileId, abort.signal)
        .catch((error) => {
          // Whatever breaks off because the item went is no failure of its own.
          abort.signal.throwIfAborted()
          if (isLasting(error)) remember(fileId, error)
          throw error
        })
        .finally(() => running.delete(fileId))
      running.set(fileId, { result, abort })
      return result
    },

    async end(fileId) {
      failures.delete(String(fileId))
      const render = running.get(fileId)
      if (!render) return
      render.abort.abort(mediaNotFound('The media item was deleted.'))
      await render.result.catch(() => {})
    },

    forgetFailure(fileId) {
      failures.delete(String(fileId))
    },
  }
}

/** With all its causes, about. */
function bytesOf(error: unknown): number {
  let bytes = 0
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    bytes += 500 + 2 * (cause.stack?.length ?? 0)
  }
  return bytes
}

/** Not so an overload, or a file that went meanwhile. */
const isLasting = (error: unknown) => !(error instanceof AppError) || error.status === 500

type Deps = Parameters<typeof createHighRenders>[0]

async function renderAndKeep(
  deps: Deps,
  fileId: number,
  signal: AbortSignal,
): Promise<StoredVariant> {
  const { database, storage, images, temporary } = deps
  const file = await database.read
    .selectFrom('files')
    .select('key')
    .where('id', '=', fileId)
    .executeTakeFirst()
  if (!file) throw mediaNotFound()

  return temporary.withFolder(async (folder) => {
    const original = join(folder, 'original')
    const { stream } = await storage.open(file.key)
    await pipeline(stream, heard(createWriteStream(original, { mode: 0o600 })), { signal })
    return keep(deps, fileId, await images.renderHigh(original, folder, signal))
  })
}

/** Stores a rendered image by the journal's protocol, unless its file went or another was faster. */
async function keep(
  { database, storage, journal, log }: Deps,
  fileId: number,
  { path, sha256, size, width, height }: RenderedImage,
): Promise<StoredVariant> {
  const key = newKey('variants', 'webp')
  await journal.record([key])
  let putFailed = true
  const discard = () =>
    journal.discard([key], { putFailed }).catch((cause) => {
      log.error({ err: cause, key }, 'An unused render could not be removed yet')
    })
  try {
    await storage.put(key, path, { isSpent: true })
    putFailed = false
    const kept = await database.write(async (trx) => {
      const file = await trx
        .selectFrom('files')
        .select('id')
        .where('id', '=', fileId)
        .executeTakeFirst()
      if (!file) throw mediaNotFound()
      const earlier = await findVariant(trx, fileId, 'high')
      if (earlier) return earlier
      const variant = { file_id: fileId, name: 'high' as const, key, sha256, size, width, height }
      await trx.insertInto('variants').values(variant).execute()
      await journal.take(trx, [key])
      return { key, sha256, size }
    })
    if (kept.key !== key) await discard()
    return kept
  } catch (error) {
    await discard()
    throw error
  }
}
