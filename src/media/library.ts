import type { FastifyBaseLogger } from 'fastify'
import { askWithin, type Database } from '../database/database.ts'
import { buildOnce } from '../database/engine.ts'
import type { Queries } from '../database/tables.ts'
import type { VariantRenders } from '../images/delivery/renders.ts'
import type { Images } from '../images/images.ts'
import type { Journal } from '../storage/journal/journal.ts'
import type { Storage } from '../storage/storage.ts'
import type { TemporaryFolder } from '../storage/temporary.ts'

/** What adding and removing media needs. */
export interface Library {
  database: Database
  storage: Storage
  journal: Journal
  images: Images
  renders: VariantRenders
  temporary: TemporaryFolder
  /** Keys the digests in public URLs. */
  deliverySecret: string
  log: FastifyBaseLogger
}

/** Says that media changed. */
export async function countVersion(trx: Queries): Promise<void> {
  await askWithin(trx)(versionQuery(trx))
}

const versionQuery = buildOnce((db) =>
  db
    .updateTable('library')
    .set((row) => ({ version: row('version', '+', row.lit(1)) }))
    .compile(),
)
