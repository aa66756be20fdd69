import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../../base/errors.ts'
import type { Static, TSchema } from '../../http/schema.ts'

const require = createRequire(import.meta.url)

const MAX_ATTEMPTS = 6
const FIRST_PAUSE_MS = 1000
/** A `Retry-After` that is longer ends the run: it can be started again. */
const MAX_PAUSE_MS = 5 * 60_000
/** For one request, from its start to the end of its answer. */
const ANSWER_SECONDS = 60
/** Stands against answers that would fill the memory. A page of a hundred items has less than a megabyte. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
const MAX_REDIRECTS = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Characters of a reason that a source gives in its own words. */
const MAX_REASON = 200

/** What the command line says of a source. */
export interface SourceAddress {
  /** Ends with `/`. Holds no user, query and fragment. */
  url: URL
  token: string | undefined
  /** Aborted when the command is stopped. */
  signal: AbortSignal
}

/** The source cannot be read. Ends the run, which can be started again. */
export class SourceFault extends UsageError {
  /** Of the answer, if there was one that has another status than 200. */
  readonly status: number | undefined
  /** Whether it answered at all. */
  readonly hasAnswered: boolean

  constructor(message: string, status?: number, hasAnswered = status !== undefined) {
    super(message)
    this.name = 'SourceFault'
    this.status = status
    this.hasAnswered = hasAnswered
  }
}

export interface Request {
  /** Relative to the site's URL: `wp-json/wp/v2/media`. */
  path: string
  query?: Readonly<Record<string, string | number>>
  /** Sent as JSON, with POST. */
  body?: unknown
}

export interface Answer<Body> {
  body: Body
  headers: Headers
}

/** A program on the web that is asked with its credential. The credential is never sent to another origin. */
export interface Site {
  /** For messages: `WordPress at http://127.0.0.1:8080/`. */
  name: string
  /** Ends with `/`. */
  url: URL
  /** Headers that carry the credential. Only for the site's own origin. */
  credential: Readonly<Record<string, string>>
  /** A sentence that says so, where 403 for a file that was listed means that the site has lost it. */
  lostFile?: string
  /**
   * Asks for JSON. Waits and tries again after 429, 5xx and a broken connection. Until the site has answered once, a broken
   * connection and 5xx end the run without another attempt.
   *
   * @param schema what the answer must be like; members that are not wanted need not be named
   * @throws SourceFault in words for people; with `status` where the site answered with another one than 200
   */
  ask<Schema extends TSchema>(schema: Schema, request: Request): Promise<Answer<Static<Schema>>>
}

/**
 * @param title the program, for messages
 * @param credential headers for every request, such as `authorization`
 * @param waiting shorter in tests
 */
export function createSite(
  { url, signal }: Pick<SourceAddress, 'url' | 'signal'>,
  title: string,
  credential: Readonly<Record<string, string>>,
  { answerSeconds = ANSWER_SECONDS, firstPauseMs = FIRST_PAUSE_MS } = {},
): Site {
  for (const value of Object.values(credential)) {
    // Not shown, and no error of the HTTP client would hide it.
    if (!/^[\x20-\x7e]*$/.test(value)) {
      throw new UsageError('The token holds a character that no token has, such as a line break.')
    }
  }
  const name = `${title} at ${url}`
  const fault = (reason: string, status?: number) =>
    new SourceFault(`${name} cannot be read: ${reason}.`, status)
  /** For an answer of something else. */
  const misfit = (reason: string) =>
    new SourceFault(`${name} cannot be read: ${reason}.`, undefined, true)
  let hasAnswered = false

  return { name, url, credential, ask }

  async function ask<Schema extends TSchema>(
    schema: Schema,
    request: Request,
  ): Promise<Answer<Static<Schema>>> {
    const { text, headers } = await askPatiently(request)
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      const type = headers.get('content-type')?.split(';', 1)[0]
      throw misfit(`it answered ${request.path || '/'} with ${type ?? 'something'} that is no JSON`)
    }
    const typebox = require('typebox/schema') as typeof import('typebox/schema')
    if (!typebox.Check(schema, body)) {
      const [, errors] = typebox.Errors(schema, body)
      const [first] = errors
      throw misfit(
        `its answer to ${request.path || '/'} is not what ${title} sends${first ? ` (${first.instancePath || '/'} ${first.message})` : ''}`,
      )
    }
    hasAnswered = true
    return { body: body as Static<Schema>, headers }
  }

  async function askPatiently(request: Request): Promise<{ text: string; headers: Headers }> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await askOnce(request)
      if ('text' in outcome) return outcome
      const { fault, isPassing, pauseMs = firstPauseMs * 2 ** (attempt - 1) } = outcome
      if (!isPassing || attempt === MAX_ATTEMPTS || pauseMs > MAX_PAUSE_MS) throw fault
      await sleep(pauseMs, undefined, { signal })
    }
  }

  type Outcome =
    | { text: string; headers: Headers }
    | { fault: SourceFault; isPassing: boolean; pauseMs?: number | undefined }

  async function askOnce(request: Request): Promise<Outcome> {
    const ending = AbortSignal.any([signal, AbortSignal.timeout(answerSeconds * 1000)])
    try {
      const response = await send(request, ending)
      const text = await readText(response)
      const { status, headers } = response
      if (status === 200) return { text, headers }
      return {
        fault: fault(explainStatus(status, request.path || '/', text), status),
        isPassing: status === 429 || (status >= 500 && hasAnswered),
        pauseMs: readRetryAfter(headers.get('retry-after')),
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof SourceFault) return { fault: error, isPassing: false }
      const reason = ending.aborted
        ? `it did not answer ${request.path} within ${answerSeconds} seconds`
        : explainBroken(error)
      return { fault: fault(reason), isPassing: hasAnswered }
    }
  }

  async function send({ path, query, body }: Request, ending: AbortSignal): Promise<Response> {
    let target = new URL(path, url)
    for (const [key, value] of Object.entries(query ?? {})) target.searchParams.set(key, `${value}`)
    for (let redirects = 0; ; redirects += 1) {
      const response = await fetch(target, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          accept: 'application/json',
          'user-agent': 'Vitrine',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...credential,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: ending,
      })
      if (!REDIRECTS.has(response.status)) return response
      await response.body?.cancel()
      const next = URL.parse(response.headers.get('location') ?? '', target)
      if (next?.origin !== url.origin) {
        const where = next ? `${next.origin}${next.pathname}` : 'what is no URL'
        throw fault(`it redirects to ${where}; give the address of the site itself`)
      }
      if (redirects === MAX_REDIRECTS) throw fault(`it redirects over ${MAX_REDIRECTS} times`)
      target = next
    }
  }

  function explainStatus(status: number, path: string, text: string): string {
    const own = readReason(text)
    const words = own === undefined ? '' : ` (${own})`
    if (status !== 401 && status !== 403) {
      return `it answered ${path} with the status ${status}${words}`
    }
    const hasToken = Object.keys(credential).length > 0
    return `it ${hasToken ? 'does not accept the token' : 'wants a token'} for ${path}: status ${status}${words}`
  }

  async function readText(response: Response): Promise<string> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      // Counted as they are decompressed.
      if (bytes > MAX_ANSWER_BYTES) throw fault(`an answer is over ${MAX_ANSWER_BYTES} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  }
}

/** @returns milliseconds; undefined if there is no such header, or one that cannot be read */
export function readRetryAfter(value: string | null | undefined): number | undefined {
  if (value == null) return undefined
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const until = Date.parse(value)
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now())
}

/** What the source itself says: `{"message": …}`, `{"error": {"message": …}}` or `{"errors": [{"message": …}]}`. */
function readReason(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const { message } = [body.message, body.error, body.errors]
      .flat()
      .map((part) => (typeof part === 'string' ? { message: part } : part))
      .find((part) => typeof part === 'object' && part !== null && 'message' in part) as {
      message: unknown
    }
    const words = String(message).replace(/\s+/g, ' ').replace(/\.$/, '').trim()
    return words.length > MAX_REASON ? `${words.slice(0, MAX_REASON)}…` : words || undefined
  } catch {
    return undefined
  }
}

const BROKEN: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
}

/** Of an error of `fetch`, whose cause names the reason. */
function explainBroken(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code.startsWith('HPE_')) return 'it does not answer in HTTP'
  return BROKEN[code] ?? (cause instanceof Error ? cause.message : String(cause))
}
