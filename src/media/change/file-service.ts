import type { FastifyInstance } from 'fastify'
import { AppError } from '../../base/errors.ts'

export const NO_FILE_SERVICE = 'This service is not handling file uploads.'

/** Makes the routes of this plugin say that the file service is off, before anything else but who asks. */
export function refuseFileService(app: FastifyInstance): void {
  app.addHook('onRequest', async () => {
    throw new AppError('no-file-service', 503, NO_FILE_SERVICE, {
      detail: 'Send additions and deletions to an instance with VITRINE_FILE_SERVICE=true.',
    })
  })
}
