import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { explainDiskFault } from '../../base/disk-fault.ts'
import { AppError, parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { describeInvalid, describeUnknown } from '../body/validate-body.ts'
import { STATUS_CODES } from '../node-http.ts'
import { notFound } from './not-found.ts'
import { sendNotFoundPage, wantsPage } from './not-found-page.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The message for the client if the route fails by a fault of the server. */
    failure?: string
  }
}

/** The body of every error. */
export interface ErrorBody {
  data: string
  code: number
  /** Stable code for programs, as docs/http-api.md lists it. */
  error: string
  detail?: string
}

/** Headers of an object. An error must not carry them: it is not the object and must not be kept. */
const OBJECT_HEADERS = [
  'content-length',
  'etag',
  'last-modified',
  'content-disposition',
  'content-encoding',
  'content-range',
  'accept-ranges',
]

/** Renders every error of the server as `{"data", "code", "error", "detail"}`, and logs those that are faults. */
export function renderErrors(app: FastifyInstance): void {
  app.setErrorHandler(renderError)
}

/** An error handler in the form that Fastify expects. */
export function renderError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = explainError(error, request)
  for (const name of OBJECT_HEADERS) reply.removeHeader(name)
  if (known.code === 'not-found') reply.header('vary', 'accept')
  if (wantsPage(known, request)) return sendNotFoundPage(request, reply)
  return reply
    .code(known.status)
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .headers(known.headers)
    .send(bodyOf(known))
}

/** Turns an error into the answer to the client, logs it if it is a fault, and notes it for the log line. */
export function explainError(error: unknown, request: FastifyRequest): AppError {
  const known = toAppError(error, request)
  logFault(known, error, request)
  request.refusal = known
  return known
}

export const bodyOf = ({ code, message, status, detail }: AppError): ErrorBody => ({
  data: message,
  code: status,
  error: code,
  ...(detail !== undefined && { detail }),
})

/** A fault needs the operator. A refusal is the client's, and is only in the request's log line. */
export const isFault = ({ status, code }: AppError): boolean =>
  status >= 500 && code !== 'image-refused' && code !== 'fetch-failed'

function logFault(known: AppError, error: unknown, request: FastifyRequest) {
  if (!isFault(known)) return
  if (known.status === 500) request.log.error({ err: error }, known.message)
  else if (known.cause !== undefined) request.log.warn({ err: error }, known.message)
}

function toAppError(error: unknown, request: FastifyRequest): AppError {
  if (error instanceof AppError) return error
  if (error !== null && error === request.raw.errored) return brokenOff(error)
  const known = isFastifyError(error) ? fromFastify(error, request) : undefined
  return known ?? internalError(request, error)
}

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('FST_')

function fromFastify(error: FastifyError, request: FastifyRequest): AppError | undefined {
  if (error.validation) {
    const unknown = describeUnknown(error.validation, request.routeOptions.schema?.body)
    if (unknown !== undefined) return parametersInvalid(unknown)
    return parametersMissing(describeInvalid(error.validation, request.body))
  }
  switch (error.code) {
    case 'FST_ERR_BAD_URL':
      return notFound(
        'The path is not valid: two hexadecimal digits must follow each %, and encode UTF-8.',
      )
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return notFound('The path is too long.')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('body-too-large', 413, 'Request body too large', {
        detail: `The body is over the ${request.routeOptions.bodyLimit} bytes that this route takes.`,
      })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return unsupportedMediaType(request, 'a media type such as application/json')
  }
  const { statusCode = 500, message } = error
  if (statusCode >= 500) return undefined
  return new AppError('bad-request', statusCode, phraseOf(statusCode), { detail: `${message}.` })
}

/** @param right what the content type must be */
export function unsupportedMediaType({ headers }: FastifyRequest, right: string): AppError {
  const given = headers['content-type']?.slice(0, 100)
  return new AppError('unsupported-media-type', 415, 'Unsupported media type', {
    detail: `The content type is ${given ?? 'not given'}; it must be ${right}.`,
  })
}

/** The client left, or sent invalid HTTP, in the middle of a body. That is not a fault of the server. */
export const brokenOff = (cause: unknown) =>
  new AppError('body-broken-off', 400, 'Bad request', {
    detail: 'The connection was closed before the whole body had arrived.',
    cause,
  })

/** Names a disk that is full or fails, because the reader of the answer can do something about it. */
function internalError({ id, routeOptions }: FastifyRequest, cause: unknown) {
  const disk = explainDiskFault(cause)
  const log = `The log of the server says why, under the request id ${id}.`
  return new AppError('fault', 500, routeOptions.config.failure ?? 'Internal server error', {
    detail: disk === undefined ? log : `${disk} ${log}`,
    cause,
  })
}

/** The standard phrase of a status in the contract's spelling: `Bad request`. */
export function phraseOf(status: number): string {
  const phrase = STATUS_CODES[status] ?? 'Error'
  return phrase[0] + phrase.slice(1).toLowerCase()
}
