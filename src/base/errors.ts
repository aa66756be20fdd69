/**
 * An error with an answer: what the client is told, apart from the cause, which is only logged.
 *
 * `code` is stable and for programs and logs; `message` is the contract's wording, which clients
 * match on; `detail` is one human sentence that says what was wrong, with which value, and what
 * would be right.
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

/** A parameter is there and of the right type, but over a limit or malformed. */
export const parametersInvalid = (detail: string) =>
  new AppError('parameters-invalid', 400, 'Invalid parameters', { detail })

export const unauthorized = (detail?: string) =>
  new AppError('unauthorized', 401, 'Unauthorized', {
    ...(detail && { detail }),
    headers: { 'www-authenticate': 'Bearer' },
  })

export const forbidden = (detail: string) => new AppError('forbidden', 403, 'Forbidden', { detail })

export const mediaNotFound = (detail?: string) =>
  new AppError('media-not-found', 404, 'Media not found', detail ? { detail } : {})

/**
 * Too much work at once, here and now; the client may try again.
 * @param retryAfter seconds
 */
export const serviceBusy = (detail: string, retryAfter = 2, cause?: unknown) =>
  new AppError('service-busy', 503, 'Service busy', {
    detail,
    cause,
    headers: { 'retry-after': String(retryAfter), 'cache-control': 'no-store' },
  })

/** Names a value in a detail, shortened so that an answer never grows with the request. */
export function quote(value: unknown): string {
  const text = value === undefined ? 'absent' : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
