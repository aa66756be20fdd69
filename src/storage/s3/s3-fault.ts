/**
 * An error of S3, as one line for the log and for the person who starts the program. Errors of the SDK itself
 * are never passed on, because they may contain key ids and signed data.
 */
export class S3Fault extends Error {
  /** Name of the SDK's command: `PutObject`. */
  readonly operation: string
  /** Code of S3, such as `NoSuchKey`, or of the network, such as `ECONNRESET`. */
  readonly code: string
  /** HTTP status; undefined if there was no response. */
  readonly status: number | undefined
  /** Id that the operator of the service can look up. */
  readonly requestId: string | undefined
  readonly attempts: number

  constructor(
    message: string,
    about: {
      operation: string
      code: string
      status?: number | undefined
      requestId?: string | undefined
      attempts?: number
    },
  ) {
    super(message)
    this.name = 'S3Fault'
    this.operation = about.operation
    this.code = about.code
    this.status = about.status
    this.requestId = about.requestId
    this.attempts = about.attempts ?? 1
  }
}

/** Whether an error says that an object or an unfinished upload does not exist. */
export const isNothingThere = (error: unknown): boolean =>
  error instanceof S3Fault && ['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(error.code)

/** Converts an error of the SDK into an `S3Fault`. A value that is not an Error is returned unchanged. */
export function toFault(operation: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof S3Fault) return error
  const { httpStatusCode: status, requestId, attempts = 1 } = readMetadata(error)
  const code = readCode(error)
  const about = { operation, code, status, requestId, attempts }
  // The response to a HEAD has no body, so the SDK has only this message.
  const reason = error.message === 'UnknownError' ? '' : `: ${error.message}`
  if (status !== undefined) {
    return new S3Fault(`S3 answered ${operation} with ${status} ${code}${reason}`, about)
  }
  return new S3Fault(`The S3 request ${operation} failed (${code})${reason}`, about)
}

interface Metadata {
  httpStatusCode?: number
  requestId?: string
  attempts?: number
}

const readMetadata = (error: Error & { $metadata?: Metadata }): Metadata => error.$metadata ?? {}

const readCode = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name
