import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type AuditEntry, recordAudit } from '../audit/record.ts'
import type { Database } from '../database/database.ts'
import { AppError } from '../errors.ts'
import { actorOf } from './actor.ts'
import { TOKEN_REFUSED } from './api-token-lookup.ts'
import { createFirstOfMinute } from './first-of-minute.ts'

/**
 * Records who was refused something that needs more than a session, and personal tokens that count no
 * more. The same again within a minute is left to the log.
 */
export function recordRefusals(app: FastifyInstance, database: Database): void {
  const isFirst = createFirstOfMinute()
  app.addHook('onError', async (request, _reply, error) => {
    const entry = describe(request, error)
    if (entry === undefined) return
    const by = actorOf(request)
    try {
      const now = await database.now()
      if (!isFirst(JSON.stringify([by, entry]), now)) return
      await database.write((trx) => recordAudit(trx, by, entry, now))
    } catch (fault) {
      // Whoever is refused is refused all the same.
      request.log.error({ err: fault }, 'A refusal could not be recorded')
    }
  })
}

/** Routes, and never paths: those are as long and as many as anybody likes. */
function describe(request: FastifyRequest, error: Error): AuditEntry | undefined {
  if (!(error instanceof AppError)) return undefined
  const { method, routeOptions } = request
  const detail = { method, route: routeOptions.url ?? '' }
  if (error.code === 'forbidden') {
    return { action: 'refused', detail: { ...detail, needs: routeOptions.config.access } }
  }
  return error.code === TOKEN_REFUSED ? { action: 'token-refused', detail } : undefined
}
