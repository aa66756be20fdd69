import { setTimeout as sleep } from 'node:timers/promises'
import type { Samples } from '../base/metrics.ts'
import type { Library } from '../media/library.ts'
import { isFreeFor } from '../storage/journal/lease.ts'
import { checkFile, readFilesToCheck } from './check-files.ts'
import { mend } from './finding.ts'

const DAY_MS = 24 * 3600 * 1000
/** Files after which the position is saved. */
const BATCH = 8
/** Pause if another process scrubs, after a failure, and at least after each pass. */
const RETRY_MS = 60_000
/** The longest delay that a timer supports. */
const LONGEST_REST_MS = 2 ** 31 - 1

export interface Scrub {
  /** Metrics of this process since its start. */
  readonly samples: Samples
  start(): void
  /** Resolves when no work is running any more. */
  stop(): Promise<void>
}

/**
 * Reads every file of the library, slowly and in endless passes, and repairs what `vitrine doctor --repair`
 * would repair in it: renders variants anew, and moves damaged originals aside, so that no client gets them.
 * Logs every finding.
 *
 * Only one process of a library scrubs. It saves its position in the table `scrub`. When it ends, another
 * process continues from there.
 *
 * @param days duration of a pass through all files; undefined turns the scrub off
 */
export function createScrub(library: Library, days: number | undefined): Scrub {
  const { database, journal, log } = library
  const closing = new AbortController()
  const { signal } = closing
  const counts = { files: 0, findings: 0, lost: 0 }
  /** Id of the last file that was read; undefined while this process does not scrub. */
  let position: number | undefined
  let running: Promise<void> | undefined

  async function run(passMs: number) {
    while (!signal.aborted) {
      const rest = await scrubSome(passMs).catch((error) => {
        log.error({ err: error }, 'The scrub failed; it continues in a minute')
        position = undefined
        return RETRY_MS
      })
      await sleep(Math.min(rest, LONGEST_REST_MS), undefined, { signal, ref: false }).catch(
        () => {},
      )
    }
    if (position !== undefined) await release()
  }

  /** @returns how long to pause afterwards, in milliseconds */
  async function scrubSome(passMs: number): Promise<number> {
    position ??= await claim()
    if (position === undefined) return RETRY_MS
    const begun = performance.now()
    const files = await readFilesToCheck(database.read, position, BATCH)
    let last = position
    for (const file of files) {
      if (signal.aborted) break
      for (const finding of await checkFile({ ...library, quick: false }, file)) {
        const { line, isMended } = await mend(finding, library)
        counts.findings += 1
        if (!isMended) counts.lost += 1
        log[isMended ? 'warn' : 'error']({ fileId: file.id }, `Scrub: ${line}`)
      }
      counts.files += 1
      last = file.id
    }
    if (signal.aborted || files.length === BATCH) {
      const share = (last - position) / (await findLastId())
      position = await note(last)
      // Scrubs at most half of the time, even if there is more to read than `passMs` allows.
      return Math.max(passMs * share, performance.now() - begun)
    }
    const share = last === 0 ? 0 : (last - position) / (await findLastId())
    position = await note(0)
    log.info(counts, 'Scrub: every file was read')
    return Math.max(passMs * share, RETRY_MS)
  }

  /** @returns the position to continue from; undefined if another running process scrubs */
  async function claim(): Promise<number | undefined> {
    const now = await database.now()
    const row = await database.write((trx) =>
      trx
        .updateTable('scrub')
        .set({ owner: journal.owner })
        .where(isFreeFor(journal.owner, now))
        .returning('last_file_id')
        .executeTakeFirst(),
    )
    return row?.last_file_id
  }

  /** Saves the position. @returns the position; undefined if another process has taken over */
  async function note(last: number): Promise<number | undefined> {
    const row = await database.write((trx) =>
      trx
        .updateTable('scrub')
        .set({ last_file_id: last })
        .where('owner', '=', journal.owner)
        .returning('last_file_id')
        .executeTakeFirst(),
    )
    return row?.last_file_id
  }

  /** Ends the claim, so that another process need not wait until the lease of this one has expired. */
  async function release() {
    await database.write((trx) =>
      trx.updateTable('scrub').set({ owner: null }).where('owner', '=', journal.owner).execute(),
    )
  }

  async function findLastId(): Promise<number> {
    const { last } = await database.read
      .selectFrom('files')
      .select((row) => row.fn.max('id').as('last'))
      .executeTakeFirstOrThrow()
    return Math.max(last ?? 0, 1)
  }

  return {
    samples: {
      vitrine_scrub_files: {
        help: 'Files that the scrub has read',
        kind: 'counter',
        read: () => counts.files,
      },
      vitrine_scrub_findings: {
        help: 'Faults that the scrub has found',
        kind: 'counter',
        read: () => counts.findings,
      },
      vitrine_scrub_lost: {
        help: 'Faults that only a backup or another upload can repair',
        kind: 'counter',
        read: () => counts.lost,
      },
    },
    start() {
      if (days !== undefined) running ??= run(days * DAY_MS)
    },
    async stop() {
      closing.abort()
      await running?.catch((error) =>
        log.error({ err: error }, 'The scrub failed while it was stopped'),
      )
    },
  }
}
