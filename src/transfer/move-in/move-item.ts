import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import type { Queries } from '../../database/tables.ts'
import { createIncomingFile, type SpooledFile } from '../../http/body/incoming-file.ts'
import { fetchFaultOf, fetchFile } from '../../http/outgoing/fetch-file.ts'
import type { NewMedia } from '../../media/change/add.ts'
import { editMedia, readDetailed } from '../../media/change/edit.ts'
import type { Library } from '../../media/library.ts'
import { MAX_COLLECTIONS_OF_ITEM, WRITABLE } from '../../media/members.ts'
import { combine } from '../../media/trash/combine.ts'
import { addPatiently, judge } from '../import/import-file.ts'
import { type FitItem, fitItem } from './fit-item.ts'
import { readRetryAfter, type Site } from './site.ts'
import type { SourceItem } from './source.ts'

/** For one original, which may be large and come over a slow line. */
const MAX_SECONDS = 60 * 60
const IDLE_SECONDS = 60
const MAX_ATTEMPTS = 4
const FIRST_PAUSE_MS = 1000
/** A source that wants a longer pause is asked again in the next run. */
const MAX_PAUSE_MS = 60_000

/**
 * What became of an item. `known`: an item of the library has the same bytes already, perhaps in the trash. `refused`:
 * it is no image that the library accepts, or its file is missing. `failed`: its file could not be fetched now, perhaps
 * since the source does not answer.
 */
export type MoveOutcome =
  | { kind: 'added' | 'known'; id: number; isTrashed?: boolean; losses: readonly string[] }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string; isUnreachable?: boolean }

export interface MoveOptions {
  site: Site
  maxImageBytes: number
  /** Hosts other than the site's own that may be private. */
  allowedHosts: readonly string[]
  signal: AbortSignal
}

/**
 * Adds an item of a source to the library, with what people wrote of it. Where an item has the same bytes already, that
 * one gets the tags and collections, and the texts that it lacks.
 *
 * @param add see `createAdder`
 * @param collections ids in the library
 * @throws LibraryFault; the reason of an aborted signal
 */
export async function moveItem(
  library: Library,
  add: (media: NewMedia) => Promise<number>,
  item: SourceItem,
  collections: readonly number[],
  options: MoveOptions,
): Promise<MoveOutcome> {
  if (item.refused !== undefined) return { kind: 'refused', reason: item.refused }
  let fetched: Fetched | undefined
  try {
    fetched = await fetchOriginal(library, item, options)
    const { image, loss } = fetched
    const fit = fitItem(item)
    const losses = loss === undefined ? fit.losses : [loss, ...fit.losses]
    const known = await fillKnown(library, image, fit, collections)
    if (known) return { ...known, losses: [...losses, ...known.losses] }
    const members = { ...fit.members, collections: collections.slice(0, MAX_COLLECTIONS_OF_ITEM) }
    const { name, fileName, tags, unlessSaid } = fit
    const media = {
      name,
      fileName,
      tags,
      members,
      unlessSaid,
      keywords: true,
      image,
      onlyNew: true,
    }
    try {
      return { kind: 'added', id: await addPatiently(add, media), losses }
    } catch (error) {
      // Another item of the source has the same bytes, and came first.
      const now = isKnown(error) ? await fillKnown(library, image, fit, collections) : undefined
      if (now === undefined) throw error
      return { ...now, losses: [...losses, ...now.losses] }
    }
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof Unfetched) return error.outcome
    const { kind, reason } = { reason: '', ...judge(error) }
    return kind === 'refused' ? { kind, reason } : { kind: 'failed', reason }
  } finally {
    await fetched?.discard().catch((error) => {
      library.log.warn({ err: error }, 'The temporary file of an import could not be removed')
    })
  }
}

interface Fetched {
  image: SpooledFile
  /** What was taken instead of the best file. */
  loss: string | undefined
  discard(): Promise<void>
}

/** An original could not be fetched. */
class Unfetched extends Error {
  readonly outcome: MoveOutcome

  constructor(outcome: MoveOutcome, cause: unknown) {
    super('An original could not be fetched', { cause })
    this.outcome = outcome
  }
}

/** @throws Unfetched; AppError 413 */
async function fetchOriginal(
  library: Library,
  { originals }: SourceItem,
  options: MoveOptions,
): Promise<Fetched> {
  const { lostFile } = options.site
  let first: { error: unknown; reason: string; isMissing: boolean } | undefined
  for (const url of originals) {
    try {
      const fetched = await fetchPatiently(library, url, options)
      const [best] = originals
      const loss =
        best && fileOf(best) !== fileOf(url)
          ? `${fileOf(best)} cannot be fetched, so ${fileOf(url)} was taken.`
          : undefined
      return { ...fetched, loss }
    } catch (error) {
      const fault = fetchFaultOf(error)
      if (!fault) throw error
      const reason = reasonOf(error)
      if (fault.isPassing) {
        const isUnreachable = fault.isBroken && url.origin === options.site.url.origin
        throw new Unfetched({ kind: 'failed', reason, isUnreachable }, error)
      }
      const isLost = fault.isForbidden && lostFile !== undefined
      first ??= {
        error,
        reason: isLost ? `${reason} ${lostFile}` : reason,
        isMissing: fault.isMissing || isLost,
      }
    }
  }
  if (!first) throw new Unfetched({ kind: 'refused', reason: 'It has no file.' }, undefined)
  const kind = first.isMissing ? 'refused' : 'failed'
  throw new Unfetched({ kind, reason: first.reason }, first.error)
}

const reasonOf = (error: unknown): string =>
  (error instanceof AppError && error.detail) || String(error)

/** Tries again after what may pass. */
async function fetchPatiently(
  library: Library,
  url: URL,
  { site, maxImageBytes, allowedHosts, signal }: MoveOptions,
): Promise<Omit<Fetched, 'loss'>> {
  for (let attempt = 1; ; attempt += 1) {
    const file = createIncomingFile(library.temporary.newFile, maxImageBytes)
    try {
      await fetchFile(url, file.write, {
        maxBytes: maxImageBytes,
        allowedHosts,
        trusted: { origin: site.url.origin, headers: site.credential },
        failure: 'Error adding media',
        seconds: MAX_SECONDS,
        idleSeconds: IDLE_SECONDS,
        signal,
      })
      const image = await file.finish()
      if (!image) throw new Error('A file without a byte was fetched.')
      return { image, discard: file.discard }
    } catch (error) {
      await file.discard()
      const fault = fetchFaultOf(error)
      const pauseMs = readRetryAfter(fault?.retryAfter) ?? FIRST_PAUSE_MS * 2 ** (attempt - 1)
      if (!fault?.isPassing || attempt === MAX_ATTEMPTS || pauseMs > MAX_PAUSE_MS) throw error
      await sleep(pauseMs, undefined, { signal })
    }
  }
}

const fileOf = ({ pathname }: URL): string => pathname.slice(pathname.lastIndexOf('/') + 1)

const isKnown = (error: unknown) => error instanceof AppError && error.code === 'image-known'

/**
 * Gives the item that has these bytes already what it lacks.
 * @returns undefined if there is none
 */
async function fillKnown(
  { database }: Library,
  { sha256 }: SpooledFile,
  fit: FitItem,
  collections: readonly number[],
): Promise<Extract<MoveOutcome, { losses: unknown }> | undefined> {
  for (;;) {
    const known = await findItem(database.read, sha256)
    if (!known) return undefined
    const { id, isTrashed } = known
    if (isTrashed) return { kind: 'known', id, isTrashed, losses: [] }
    const item = await readDetailed(database.read, id)
    if (!item) continue
    const { combined, warnings } = combine(
      item,
      [
        {
          ...item,
          ...WITHOUT_TEXTS,
          ...fit.unlessSaid,
          ...fit.members,
          tags: [...fit.tags],
          collections: [...collections],
        },
      ],
      new Set(collections),
    )
    const { id: _, ...edit } = combined
    const isChanged = WRITABLE.some(
      (member) => JSON.stringify(combined[member]) !== JSON.stringify(item[member]),
    )
    try {
      if (isChanged) await editMedia(database, id, edit, { revisions: new Set([item.revision]) })
      return { kind: 'known', id, losses: warnings }
    } catch (error) {
      // Changed or deleted meanwhile.
      const isStale =
        error instanceof AppError && ['media-changed', 'media-not-found'].includes(error.code)
      if (!isStale) throw error
    }
  }
}

const WITHOUT_TEXTS = {
  alt: null,
  description: null,
  credit: null,
  copyright: null,
  source: null,
  rating: 0,
  focus: null,
  takenAt: null,
  translations: {},
}

/** The oldest item that shows these bytes; else the oldest in the trash. */
async function findItem(
  db: Queries,
  sha256: string,
): Promise<{ id: number; isTrashed: boolean } | undefined> {
  const rows = await db
    .selectFrom('files')
    .innerJoin('media', 'media.file_id', 'files.id')
    .select(['media.id', 'media.trashed_at'])
    .where('sha256', '=', sha256)
    .orderBy('media.id')
    .execute()
  const row = rows.find(({ trashed_at }) => trashed_at === null) ?? rows[0]
  return row && { id: row.id, isTrashed: row.trashed_at !== null }
}
