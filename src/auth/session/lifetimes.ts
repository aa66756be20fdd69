/** Lifetimes of sessions and tokens, in milliseconds. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

/** Longest time from the sign-in to the end of a session. A stolen cookie is useless after it. */
export const SESSION_LIFETIME_MS = 90 * DAY

/** Longest time without use. It ends a forgotten sign-in on another person's machine. */
export const SESSION_IDLE_MS = 7 * DAY

/** The last use is written at most once in this time, so that not every read causes a write. */
export const LAST_USE_PRECISION_MS = MINUTE

/** A refresh token older than this is replaced at the next `GET /auth/me`. */
export const ROTATION_AGE_MS = 10 * MINUTE

/** How long a replaced token stays valid after its successor's first use, for requests under way. */
export const ROTATION_GRACE_MS = MINUTE

export const ACCESS_TOKEN_LIFETIME_MS = 15 * MINUTE

/** How long after its last use a session marks an address as known; see `throttle.ts`. */
export const KNOWN_ADDRESS_MS = 90 * DAY
