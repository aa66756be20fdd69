import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyBaseLogger } from 'fastify'
import { AppError, mediaNotFound } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import { createRecent } from '../../base/recent.ts'
import type { Database } from '../../database/database.ts'
import type { VariantName } from '../../database/tables.ts'
import type { Journal } from '../../storage/journal/journal.ts'
import { newKey, type Storage } from '../../storage/storage.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { Images } from '../images.ts'
import { VARIANTS } from '../recipe.ts'
import { type RenderedVariant, replaceVariant } from './replace-variant.ts'
import { findVariant, type StoredVariant } from './variant-lookup.ts'

/** How long a failed render is not tried again, whatever its error was. Each attempt costs seconds. */
const FAILURE_MEMORY_MS = 5 * 60_000
/** Room for a few thousand failures. It keeps a library full of such images from filling the memory. */
const MAX_FAILURES_BYTES = 8 * 1024 * 1024

export interface VariantRenders {
  /**
   * Renders and stores a variant of a file, unless storage has one of the file's recipe. Concurrent calls
   * share one render.
   * @throws AppError 404 if the file is gone; 500 if it cannot be rendered, which is remembered for a
   *   while; 503 under overload
   */
  render(fileId: number, name: VariantName): Promise<StoredVariant>
  /** Aborts the running renders of a file, and waits until they have ended and cleaned up. */
  end(fileId: number): Promise<void>
  /** Forgets that a file could not be rendered, so that the next request tries again. */
  forgetFailure(fileId: number): void
}

export function createVariantRenders(deps: {
  database: Database
  storage: Storage
  journal: Journal
  images: Images
  temporary: TemporaryFolder
  log: FastifyBaseLogger
}): VariantRenders {
  const running = new Map<string, { result: Promise<StoredVariant>; abort: AbortController }>()
  const failures = createRecent<{ error: unknown; until: number }>(MAX_FAILURES_BYTES)
  const placeOf = (fileId: number, name: VariantName) => `${fileId} ${name}`

  const remember = (place: string, error: unknown) => {
    const failure = { error, until: Date.now() + FAILURE_MEMORY_MS }
    failures.set(place, failure, bytesOf(error))
  }

  const forgetFailure = (fileId: number) => {
    for (const name of NAMES) failures.delete(placeOf(fileId, name))
  }

  return {
    render(fileId, name) {
      const place = placeOf(fileId, name)
      const known = running.get(place)
      if (known) return known.result
      const failure = failures.get(place)
      if (failure && failure.until > Date.now()) return Promise.reject(failure.error)
      failures.delete(place)

      const abort = new AbortController()
      const result = renderAndKeep(deps, fileId, name, abort.signal)
        .catch((error) => {
          // An error caused by the abort is not a failure of the render.
          abort.signal.throwIfAborted()
          if (isLasting(error)) remember(place, error)
          throw error
        })
        .finally(() => running.delete(place))
      running.set(place, { result, abort })
      return result
    },

    async end(fileId) {
      forgetFailure(fileId)
      const renders = NAMES.map((name) => running.get(placeOf(fileId, name)))
      for (const render of renders) {
        render?.abort.abort(mediaNotFound('The media item was deleted.'))
      }
      await Promise.allSettled(renders.map((render) => render?.result))
    },

    forgetFailure,
  }
}

/** Approximate memory of an error with all its causes. */
function bytesOf(error: unknown): number {
  let bytes = 0
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    bytes += 500 + 2 * (cause.stack?.length ?? 0)
  }
  return bytes
}

/** An overload, or a file that was deleted meanwhile, is not lasting. */
const isLasting = (error: unknown) => !(error instanceof AppError) || error.status === 500

const NAMES = ['scaled', 'high'] as const

type Deps = Parameters<typeof createVariantRenders>[0]

async function renderAndKeep(
  deps: Deps,
  fileId: number,
  name: VariantName,
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
    const options = { withPreview: name === 'scaled' }
    const rendered = await images.render(original, folder, VARIANTS[name], options, signal)
    return keep(deps, fileId, name, rendered)
  })
}

/** Stores a render by the journal's protocol, unless its file is gone or another process was faster. */
async function keep(
  { database, storage, journal, log }: Deps,
  fileId: number,
  name: VariantName,
  rendered: RenderedVariant,
): Promise<StoredVariant> {
  const key = newKey('variants', 'webp')
  await journal.record([key])
  let putFailed = true
  const discard = () =>
    journal.discard([key], { putFailed }).catch((cause) => {
      log.error({ err: cause, key }, 'An unused render could not be removed yet')
    })
  try {
    await storage.put(key, rendered.path, { isSpent: true })
    putFailed = false
    const { variant, replacedKeys } = await database.write(async (trx) => {
      const file = await trx
        .selectFrom('files')
        .select(['id', 'recipe'])
        .where('id', '=', fileId)
        .executeTakeFirst()
      if (!file) throw mediaNotFound()
      const earlier = await findVariant(trx, fileId, name)
      if (earlier?.recipe === file.recipe) return { variant: earlier, replacedKeys: [] }
      await replaceVariant(trx, file, name, key, rendered)
      await journal.take(trx, [key])
      const replacedKeys = earlier ? await journal.condemn(trx, [earlier.key]) : []
      const { sha256, size } = rendered
      return { variant: { key, sha256, size }, replacedKeys }
    })
    if (variant.key !== key) await discard()
    await journal.removeCondemned(replacedKeys).catch((error) => {
      log.error(
        { err: error, replacedKeys },
        'An image of an earlier recipe could not be removed yet',
      )
    })
    return variant
  } catch (error) {
    await discard()
    throw error
  }
}
