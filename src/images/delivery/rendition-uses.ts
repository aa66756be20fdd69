import type { FastifyBaseLogger } from 'fastify'
import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { listedRows, type Parameter, prepare, runIn } from '../../database/prepared.ts'

/** How long uses are gathered before they are written, all at once. */
const GATHER_MS = 60_000
/** A later use within this time is not written. */
const COARSE_MS = 3_600_000
/** Most uses that are gathered; later ones are not recorded. About a megabyte. */
const MOST = 10_000

/** Records when renditions are asked for, so that the least used ones are removed first. */
export interface RenditionUses {
  note(fileId: number, name: string): void
  /** Writes what was gathered. Resolves in any case. */
  close(): Promise<void>
}

/** A request writes nothing: its use is gathered in memory, and written within a minute. */
export function createRenditionUses(
  database: Database,
  log: Pick<FastifyBaseLogger, 'warn'>,
): RenditionUses {
  const gathered = new Map<string, { file_id: number; name: string }>()
  let timer: NodeJS.Timeout | undefined

  async function write(): Promise<void> {
    timer = undefined
    const uses = JSON.stringify([...gathered.values()])
    gathered.clear()
    try {
      const now = await database.now()
      await database.record(async (trx) => {
        await runIn(trx, noteUses, uses, now, now - COARSE_MS)
      })
    } catch (error) {
      log.warn({ err: error }, 'Uses of images could not be recorded')
    }
  }

  return {
    note(file_id, name) {
      const place = `${file_id} ${name}`
      if (gathered.has(place) || gathered.size >= MOST) return
      gathered.set(place, { file_id, name })
      timer ??= setTimeout(write, GATHER_MS).unref()
    },
    async close() {
      if (timer === undefined) return
      clearTimeout(timer)
      await write()
    },
  }
}

const noteUses = prepare(
  (db, uses: Parameter<string>, now: Parameter<number>, before: Parameter<number>) =>
    sql`
      UPDATE renditions SET asks = 2, asked_at = ${now}
      WHERE (asks = 1 OR asked_at < ${before}) AND (file_id, name) IN (
        SELECT file_id, name FROM ${listedRows(db, { file_id: 'bigint', name: 'text' }, uses)} AS used)`.compile(
      db,
    ),
)
