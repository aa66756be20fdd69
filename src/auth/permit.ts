import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Permit } from '../audit/record.ts'
import { AppError, forbidden } from '../base/errors.ts'
import type { User } from './identify.ts'
import { type Access, type Permission, permissionsOf } from './permissions.ts'

/** Interval at which the permission of the client is checked during a long response. */
const CHECK_EVERY_MS = 1000

/** @throws AppError 403 "Forbidden" if `allowed` does not include every permission that `access` requires */
export function requireAccess(
  access: Access | undefined,
  { username, tokenId }: Pick<User, 'username' | 'tokenId'>,
  allowed: readonly Permission[],
): void {
  const missing = permissionsOf(access).find((permission) => !allowed.includes(permission))
  if (missing === undefined) return
  throw forbidden(
    tokenId === undefined
      ? `The user "${username}" needs the permission ${missing}.`
      : `The token of "${username}" needs the permission ${missing}, and so does the user.`,
  )
}

/**
 * Returns a check that the user of the request is still signed in and still has the permission that the route
 * requires. Undefined where there is nothing to check, as on public routes.
 */
export function permitOf({ user, routeOptions }: FastifyRequest): Permit | undefined {
  const again = user?.again
  if (user === null || again === undefined) return undefined
  const { access } = routeOptions.config
  return async (db, now) => requireAccess(access, user, await again(db, now))
}

/** Aborts a response body, however late, once the client has lost its session or permission. */
export function endWithRights(body: Readable, check: () => Promise<void>): void {
  let checking = false
  const timer = setInterval(() => {
    if (checking) return
    checking = true
    check()
      .catch((error: unknown) => {
        // If the check itself fails, the permission was not withdrawn.
        const isRefused = error instanceof AppError && [401, 403].includes(error.status)
        if (isRefused) body.destroy(error)
      })
      .finally(() => {
        checking = false
      })
  }, CHECK_EVERY_MS).unref()
  body.once('close', () => clearInterval(timer))
}
