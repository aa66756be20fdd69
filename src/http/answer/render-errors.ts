import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { explainDiskFault } from '../../base/disk-fault.ts'
import { AppError, parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { describeInvalid, describeUnknown } from '../body/validate-body.ts'
import { STATUS_CODES } from '../node-http.ts'
import { notFound } from './not-found.ts'
import { sendNotFoundPage, wantsPage } from './not-found-page.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the client is told when the route fails for a reason of its own. */
    failure?: string
  }
}

/** The body of every error. */
export interface ErrorBody {
  data: string
  code: number
  detail?: string
  /** The kind of the error, where its status and message are those of others as well. */
  error?: string
}

/** What an answer that failed must not be taken for: it neither is the object nor may be kept. */
const OBJECT_HEADERS = [
  'content-length',
  'etag',
  'last-modified',
  'content-disposition',
  'content-encoding',
  'content-range',
  'accept-ranges',
]

/** Renders every error of the server as `{"data", "code", "detail"}`, and logs those that are faults. */
export function renderErrors(app: FastifyInstance): void {
  app.setErrorHandler(renderError)
}

/** Fastify's own name and shape for an error handler. */
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

/** What the client is told of an error, on its way into the answer and into the log. */
export function explainError(error: unknown, request: FastifyRequest): AppError {
  const known = toAppError(error, request)
  logFault(known, error, request)
  request.refusal = known
  return known
}

export const bodyOf = ({ code, message, status, detail }: AppError): ErrorBody => ({
  data: message,
  code: status,
  ...(detail !== undefined && { detail }),
  // Else nobody could tell what will never be taken from what may be taken later.
  ...(code === 'image-refused' && { error: code }),
})

/** A fault is ours to look into; a refusal is the client's, and stands in the request's line alone. */
export const isFault = ({ status, code }: AppError): boolean =>
  status >= 500 && code !== 'image-refused'

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
      return notFound('The path is not valid: it holds % without two hexadecimal digits of UTF-8.')
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

/** The client went away, or sent what is no HTTP, in the middle of a body: no fault of ours. */
export const brokenOff = (cause: unknown) =>
  new AppError('body-broken-off', 400, 'Bad request', {
    detail: 'The connection was closed before the whole body had come.',
    cause,
  })

/** A disk that is full or fails is named: whoever is told can do something about it. */
function internalError({ id, routeOptions }: FastifyRequest, cause: unknown) {
  const disk = explainDiskFault(cause)
  const log = `The log of the server says why, under the request id ${id}.`
  return new AppError('fault', 500, routeOptions.config.failure ?? 'Internal server error', {
    detail: disk === undefined ? log : `${disk} ${log}`,
    cause,
  })
}

/** `Bad request`: the standard phrase in the contract's spelling. */
export function phraseOf(status: number): string {
  const phrase = STATUS_CODES[status] ?? 'Error'
  return phrase[0] + phrase.slice(1).toLowerCase()
}
