/** How long things of a session last, in milliseconds. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

/** From sign-in to its end whatever happens: how long a stolen cookie can be of use at most. */
export const SESSION_LIFETIME_MS = 90 * DAY

/** Without any use: a forgotten sign-in on somebody else's machine dies by itself. */
export const SESSION_IDLE_MS = 7 * DAY

/** Last use is written at most so often, so that reading does not become writing. */
export const LAST_USE_PRECISION_MS = MINUTE

/** A refresh token at least so old is replaced at the next `GET /auth/me`. */
export const ROTATION_AGE_MS = 10 * MINUTE

/** How long a replaced token stays good after its successor's first use: for requests under way. */
export const ROTATION_GRACE_MS = MINUTE

export const ACCESS_TOKEN_LIFETIME_MS = 15 * MINUTE

/** How long an ended session's row is kept: it tells a known address; see `throttle.ts`. */
export const KNOWN_ADDRESS_MS = 90 * DAY
