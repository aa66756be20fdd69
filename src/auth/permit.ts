import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Permit } from '../audit/record.ts'
import { AppError, forbidden } from '../base/errors.ts'
import type { User } from './identify.ts'
import type { Access, Permission } from './permissions.ts'

/** How often it is asked of who takes a long answer. */
const ASK_EVERY_MS = 1000

/** @throws AppError 403 "Forbidden" if what is allowed is not enough for the route */
export function requireAccess(
  access: Access | undefined,
  { username, tokenId }: Pick<User, 'username' | 'tokenId'>,
  allowed: readonly Permission[],
): void {
  if (access === undefined || access === 'public' || access === 'session') return
  if (allowed.includes(access)) return
  throw forbidden(
    tokenId === undefined
      ? `The user "${username}" needs the permission ${access}.`
      : `The token of "${username}" needs the permission ${access}, and so does the user.`,
  )
}

/** Asks again whether who makes the request is signed in and may do what its route is for. */
export function permitOf({ user, routeOptions }: FastifyRequest): Permit | undefined {
  const again = user?.again
  if (user === null || again === undefined) return undefined
  const { access } = routeOptions.config
  return async (db, now) => requireAccess(access, user, await again(db, now))
}

/** Cuts a body off once who takes it may not any more, however long it takes. */
export function endWithRights(body: Readable, ask: () => Promise<void>): void {
  let asking = false
  const timer = setInterval(() => {
    if (asking) return
    asking = true
    ask()
      .catch((error: unknown) => {
        // Where it cannot be asked, nothing was withdrawn.
        const isRefused = error instanceof AppError && [401, 403].includes(error.status)
        if (isRefused) body.destroy(error)
      })
      .finally(() => {
        asking = false
      })
  }, ASK_EVERY_MS).unref()
  body.once('close', () => clearInterval(timer))
}
