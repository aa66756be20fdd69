import { setTimeout as sleep } from 'node:timers/promises'
import type { Samples } from '../base/metrics.ts'
import type { Library } from '../media/library.ts'
import { checkFile, readFiles } from './check-files.ts'
import { mend } from './finding.ts'

const DAY_MS = 24 * 3600 * 1000
/** Files between two notes of how far it is. */
const BATCH = 8
/** After how long it looks again, where another process does it, or nothing is there, or it failed. */
const LOOK_MS = 60_000
/** Timers know no longer time. */
const LONGEST_REST_MS = 2 ** 31 - 1

export interface Scrub {
  /** For metrics, of this process since its start. */
  readonly samples: Samples
  start(): void
  /** Resolves when it works on nothing any more. */
  stop(): Promise<void>
}

/**
 * Reads every file of the library, slowly and over and over, and mends what `vitrine doctor --repair`
 * would mend of it: variants are rendered anew, damaged originals moved aside, so that nobody is sent
 * them. Whatever it finds is logged.
 *
 * Of all processes on one library one does it, and notes in the table `scrub` how far it is. Where
 * that one ends, whichever looks first goes on from there.
 *
 * @param days how long a pass through all files takes; undefined for none at all
 */
export function createScrub(library: Library, days: number | undefined): Scrub {
  const { database, journal, log } = library
  const closing = new AbortController()
  const { signal } = closing
  const counts = { files: 0, findings: 0, lost: 0 }
  /** The last file that was read, while it is this process that does it. */
  let position: number | undefined
  let running: Promise<void> | undefined

  async function run(passMs: number) {
    while (!signal.aborted) {
      const rest = await scrubSome(passMs).catch((error) => {
        log.error({ err: error }, 'The scrub failed; it goes on in a while')
        position = undefined
        return LOOK_MS
      })
      await sleep(Math.min(rest, LONGEST_REST_MS), undefined, { signal, ref: false }).catch(
        () => {},
      )
    }
    if (position !== undefined) await release()
  }

  /** @returns how long to rest then, in milliseconds */
  async function scrubSome(passMs: number): Promise<number> {
    position ??= await claim()
    if (position === undefined) return LOOK_MS
    const begun = performance.now()
    const files = await readFiles(database.read, position, BATCH)
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
      // At most half of its time, however much there is to read.
      return Math.max(passMs * share, performance.now() - begun)
    }
    const share = last === 0 ? 0 : (last - position) / (await findLastId())
    position = await note(0)
    log.info(counts, 'Scrub: every file was read')
    return Math.max(passMs * share, LOOK_MS)
  }

  /** @returns where it is to go on; undefined if another process, which lives, does it */
  async function claim(): Promise<number | undefined> {
    const now = await database.now()
    const row = await database.write((trx) =>
      trx
        .updateTable('scrub')
        .set({ owner: journal.owner })
        .where(({ eb, or, selectFrom }) =>
          or([
            eb('owner', 'is', null),
            eb('owner', '=', journal.owner),
            eb(
              'owner',
              'not in',
              selectFrom('owners').select('owners.id').where('lease_until', '>', now),
            ),
          ]),
        )
        .returning('last_file_id')
        .executeTakeFirst(),
    )
    return row?.last_file_id
  }

  /** @returns the same; undefined if another process has taken over from this one */
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

  /** So that another process need not wait for the lease of this one to end. */
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
        help: 'What it has found',
        kind: 'counter',
        read: () => counts.findings,
      },
      vitrine_scrub_lost: {
        help: 'Findings that only a backup or another upload can mend',
        kind: 'counter',
        read: () => counts.lost,
      },
    },
    start() {
      if (days !== undefined) running ??= run(days * DAY_MS)
    },
    async stop() {
      closing.abort()
      await running?.catch((error) => log.error({ err: error }, 'The scrub did not end well'))
    },
  }
}
