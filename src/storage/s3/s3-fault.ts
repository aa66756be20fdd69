/**
 * Something that S3 refused or could not do, in one line for the log and for who starts the program.
 * Never what the SDK throws itself: that may carry key ids and what was signed.
 */
export class S3Fault extends Error {
  /** Of the SDK's command: `PutObject`. */
  readonly operation: string
  /** S3's own code, as `NoSuchKey`, or that of the network, as `ECONNRESET`. */
  readonly code: string
  /** HTTP status; undefined if there was no answer. */
  readonly status: number | undefined
  /** By which whoever runs the service finds the request. */
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

/** Whether it says that an object, or an unfinished upload, is not there. */
export const isNothingThere = (error: unknown): boolean =>
  error instanceof S3Fault && ['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(error.code)

/** Turns what the SDK throws into a fault. What is no such error, as of a file, stays what it is. */
export function toFault(operation: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof S3Fault) return error
  const { httpStatusCode: status, requestId, attempts = 1 } = readMetadata(error)
  const code = readCode(error)
  const about = { operation, code, status, requestId, attempts }
  // A HEAD is answered without a body, of which the SDK makes this.
  const reason = error.message === 'UnknownError' ? '' : `: ${error.message}`
  if (status !== undefined) {
    return new S3Fault(`S3 answered ${operation} with ${status} ${code}${reason}`, about)
  }
  return new S3Fault(`S3 could not be asked for ${operation} (${code})${reason}`, about)
}

interface Metadata {
  httpStatusCode?: number
  requestId?: string
  attempts?: number
}

const readMetadata = (error: Error & { $metadata?: Metadata }): Metadata => error.$metadata ?? {}

const readCode = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name
