import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import { prepare, runIn } from '../database/prepared.ts'
import type { Queries } from '../database/tables.ts'
import type { ImageRenders } from '../images/delivery/renders.ts'
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
  renders: ImageRenders
  temporary: TemporaryFolder
  /** The key of the digests in public URLs. */
  deliverySecret: string
  log: FastifyBaseLogger
}

/** Increases the library's version, because media changed. */
export async function countVersion(trx: Queries): Promise<void> {
  await runIn(trx, raiseVersion)
}

const raiseVersion = prepare((db) =>
  db
    .updateTable('library')
    .set((row) => ({ version: row('version', '+', row.lit(1)) }))
    .compile(),
)

export const NO_FILE_SERVICE = 'This service is not handling file uploads.'

/** Makes the routes of this plugin answer that the file service is off, right after the caller is known. */
export function refuseFileService(app: FastifyInstance): void {
  app.addHook('onRequest', async () => {
    throw new AppError('no-file-service', 503, NO_FILE_SERVICE, {
      detail: 'Send additions and deletions to an instance with VITRINE_FILE_SERVICE=true.',
    })
  })
}
