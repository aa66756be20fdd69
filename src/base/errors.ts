/**
 * An error with an answer. The client gets `message` and `detail`; `cause` is only logged.
 *
 * `code` is stable, for programs and logs. `message` is the wording of the contract, which clients match on.
 * `detail` is one sentence for people: what was wrong, with which value, and what would be right.
 */
export class AppError extends Error {
  readonly code: string
  readonly status: number
  readonly detail: string | undefined
  readonly headers: Record<string, string>

  constructor(
    code: string,
    status: number,
    message: string,
    options: { detail?: string; cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.status = status
    this.detail = options.detail
    this.headers = options.headers ?? {}
  }
}

/** A parameter is absent, null, blank or of the wrong type. */
export const parametersMissing = (detail: string) =>
  new AppError('parameters-missing', 400, 'Required parameters missing', { detail })

/** A parameter is present and of the right type, but over a limit or malformed. */
export const parametersInvalid = (detail: string) =>
  new AppError('parameters-invalid', 400, 'Invalid parameters', { detail })

export const unauthorized = (detail?: string) =>
  new AppError('unauthorized', 401, 'Unauthorized', {
    ...(detail && { detail }),
    headers: { 'www-authenticate': 'Bearer' },
  })

/** Thrown by `auth/admission.ts` (origin, permission), `account-routes.ts` (personal token) and `bulk-routes.ts` (search). */
export const forbidden = (detail: string) => new AppError('forbidden', 403, 'Forbidden', { detail })

export const mediaNotFound = (detail?: string) =>
  new AppError('media-not-found', 404, 'Media not found', detail ? { detail } : {})

/**
 * The server has too much work at this moment; the client may try again.
 * @param retryAfter seconds
 */
export const serviceBusy = (detail: string, retryAfter = 2, cause?: unknown) =>
  new AppError('service-busy', 503, 'Service busy', {
    detail,
    cause,
    headers: { 'retry-after': String(retryAfter), 'cache-control': 'no-store' },
  })

/** Shows a value in a detail, shortened so that an answer never grows with the request. */
export function quote(value: unknown): string {
  const text = value === undefined ? 'absent' : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** An error that the user of a command can correct. Only the message is printed. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/**
 * Hides user names and passwords of the URLs in a text: everything from `//` to the last `@` of each word. A
 * password that is not percent-encoded may hold any character.
 */
export const hidePasswords = (text: string): string =>
  text.replace(/[^\s'"`]+/g, (word) => {
    const start = word.indexOf('//')
    const end = word.lastIndexOf('@')
    if (start === -1 || end < start + 2) return word
    return `${word.slice(0, start)}//…${word.slice(end)}`
  })
