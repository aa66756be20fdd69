import type { FastifyBaseLogger } from 'fastify'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { serviceBusy } from '../../base/errors.ts'

const FETCH_TIMEOUT_MS = 3_000
/** Older keys are fetched again before use, because one may have been withdrawn. */
const FRESH_MS = 10 * 60_000
/** How long keys stay in use while their server cannot be reached. */
const KEPT_MS = 60 * 60_000
/** Minimum time between fetches for tokens that no key fits, because any client can send such tokens. */
const COOLDOWN_MS = 10_000
/** Time after a failed fetch in which requests fail at once, instead of waiting for another failure. */
const RETRY_MS = 5_000

export type Keys = ReturnType<typeof createLocalJWKSet>

/** The public keys of an external service, as its server publishes them (RFC 7517). */
export interface KeySet {
  /** @throws AppError 503 "Service busy" if there are none and the server cannot be reached */
  read(): Promise<Keys>
  /**
   * Fetches the keys again, for a token that no key fits: they may have been rotated.
   * @returns undefined if they were fetched less than `COOLDOWN_MS` ago
   * @throws AppError 503 "Service busy" if the server cannot be reached
   */
  renew(): Promise<Keys | undefined>
}

/** Starts to fetch the keys at once, so that a wrong address is logged before the keys are needed. */
export function openKeySet(url: string, log: Pick<FastifyBaseLogger, 'error'>): KeySet {
  let known: { keys: Keys; fetchedAt: number } | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<Keys> | undefined

  const age = () => (known ? Date.now() - known.fetchedAt : Number.POSITIVE_INFINITY)

  async function fetchOnce(): Promise<Keys> {
    try {
      const keys = await fetchKeys(url)
      known = { keys, fetchedAt: Date.now() }
      return keys
    } catch (error) {
      failedAt = Date.now()
      log.error({ err: error }, 'The keys at VITRINE_AUTH_JWKS_URL could not be fetched')
      throw keysUnavailable()
    } finally {
      fetching = undefined
    }
  }

  /** Concurrent callers share one fetch. */
  async function load(): Promise<Keys> {
    if (Date.now() - failedAt < RETRY_MS) throw keysUnavailable()
    fetching ??= fetchOnce()
    return fetching
  }

  load().catch(() => {})

  return {
    async read() {
      if (known && age() < FRESH_MS) return known.keys
      return load().catch((error: unknown) => {
        if (known && age() < KEPT_MS) return known.keys
        throw error
      })
    },

    async renew() {
      return age() < COOLDOWN_MS ? undefined : load()
    },
  }
}

async function fetchKeys(url: string): Promise<Keys> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    // The target of a redirect may belong to another party.
    redirect: 'manual',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  })
  if (response.status !== 200) throw new Error(`The answer has the status ${response.status}.`)
  const set = (await response.json()) as JSONWebKeySet
  const keys = createLocalJWKSet(set)
  if (set.keys.length === 0) throw new Error('There is no key in the answer.')
  return keys
}

const keysUnavailable = () =>
  serviceBusy(
    'The keys that tokens are checked with cannot be fetched now; the log of the server says why.',
    RETRY_MS / 1000,
  )
