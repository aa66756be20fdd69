import { finished } from 'node:stream'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { type DestinationStream, destination, pino } from 'pino'
import type { AppError } from '../errors.ts'
import type { HttpSettings } from './settings.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The error that the client was told of, for the line in the log. */
    refusal: AppError | null
  }
}

/** Longer paths are cut in the log, so that it cannot be filled quickly. */
const MAX_PATH_LENGTH = 1024

/** Never in the log, wherever an object that is logged has them. */
const SECRETS = [
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'set-cookie',
  'image',
].flatMap((name) => ['', '*.', '*.*.'].map((path) => `${path}["${name}"]`))

/** The program's log: a line of JSON each, to standard error unless another stream is given. */
export function createLog(
  level: HttpSettings['logLevel'],
  stream: DestinationStream = destination({ dest: 2, sync: true }),
): FastifyBaseLogger {
  return pino({ level, redact: SECRETS }, stream)
}

/**
 * Leaves the line for a request to `logRequests`, and logs answers that fail midway. Fastify calls
 * these at its own points of a request's life.
 */
export function createLogController(): LogController {
  const controller = new LogController({ requestIdLogLabel: 'requestId' })
  controller.incomingRequest = () => {}
  controller.requestCompleted = () => {}
  controller.streamError = (error, request) => {
    // The client went away: the request's line says so.
    if ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
    request.log.error({ err: error }, 'an answer was cut off')
  }
  return controller
}

/** Writes a line for each request when its answer has been sent, or the client has gone. */
export function logRequests(app: FastifyInstance): void {
  app.decorateRequest('refusal', null)
  app.addHook('onRequest', async (request, reply) => logRequest(request, reply))
}

/** For a request that no hook gets to see. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  finished(reply.raw, (error) => {
    const { refusal } = request
    request.log.info(
      {
        method: request.method,
        path: pathOf(request).slice(0, MAX_PATH_LENGTH),
        status: reply.raw.headersSent ? reply.statusCode : undefined,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        user: userOf(request),
        aborted: error ? true : undefined,
        refusal: refusal?.code,
        detail: refusal?.detail,
      },
      'request',
    )
  })
}

/** Without the query, which may hold what nobody else should read. */
const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? ''

const userOf = ({ user }: FastifyRequest & { user?: { id: number | string } | null }) => user?.id
