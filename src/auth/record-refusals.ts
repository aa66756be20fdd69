import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type AuditEntry, recordAudit } from '../audit/record.ts'
import { AppError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Recorder } from '../database/recorder.ts'
import { actorOf } from './actor.ts'
import { permissionsOf } from './permissions.ts'
import { createFirstOfMinute } from './sign-in/first-of-minute.ts'
import { TOKEN_REFUSED } from './tokens/api-token-lookup.ts'

/**
 * Records requests that are refused with 403 "Forbidden", and requests with a personal token that is not valid.
 * A repetition in the same minute appears only in the log.
 */
export function recordRefusals(
  app: FastifyInstance,
  { now }: Pick<Database, 'now'>,
  trail: Recorder,
): void {
  const isFirst = createFirstOfMinute()
  app.addHook('onError', async (request, _reply, error) => {
    const entry = describe(request, error)
    if (entry === undefined) return
    const by = actorOf(request)
    // If the time cannot be read, the request is still refused; only the record is missing.
    const at = await now().catch(() => undefined)
    const key = JSON.stringify([by, entry])
    if (at === undefined || !isFirst(key, at)) return
    trail.add(key, (trx) => recordAudit(trx, by, entry, at))
  })
}

/** Names the route, never the path: clients can send any number of paths of any length. */
function describe(request: FastifyRequest, error: Error): AuditEntry | undefined {
  if (!(error instanceof AppError)) return undefined
  const { method, routeOptions, user } = request
  const detail = { method, route: routeOptions.url ?? '' }
  if (error.code === 'forbidden') {
    const { access } = routeOptions.config
    const required = permissionsOf(access)
    const missing = required.find((permission) => !user?.permissions.includes(permission))
    return { action: 'refused', detail: { ...detail, needs: missing ?? required[0] ?? access } }
  }
  return error.code === TOKEN_REFUSED ? { action: 'token-refused', detail } : undefined
}
