import type { IncomingMessage } from 'node:http'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { type Bindings, type DestinationStream, type Level, type LogFn, pino } from 'pino'
import type { AppError } from '../../base/errors.ts'
import type { SentAnswer } from '../answer/fast-path.ts'
import type { HttpSettings } from '../settings.ts'
import { openLogSink } from './log-sink.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The error in the answer, for the line in the log. */
    refusal: AppError | null
    /** Whether the answer failed midway, by a fault of the server. */
    isCutOff: boolean
  }
}

/** Longer paths are cut in the log, so that clients cannot fill it quickly. */
const MAX_PATH_LENGTH = 1024

/** Never in the log, wherever a logged object has them. */
const SECRETS = [
  'password',
  'currentPassword',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'set-cookie',
  'image',
].flatMap((name) => ['', '*.', '*.*.'].map((path) => `${path}["${name}"]`))

/** The program's log: one line of JSON for each entry, to standard error unless another stream is given. */
export function createLog(
  level: HttpSettings['logLevel'],
  stream?: DestinationStream,
): FastifyBaseLogger {
  const tellLost = (lines: number) =>
    log.error({ lines }, 'Lines of the log could not be written and are lost')
  const log: FastifyBaseLogger = pino({ level, redact: SECRETS }, stream ?? openLogSink(tellLost))
  return log
}

/**
 * Leaves the line for a request to `logRequests`, and logs answers that fail midway. Fastify calls these
 * functions at its own points in the life of a request.
 */
export function createLogController(): LogController {
  const controller = new LogController({ requestIdLogLabel: 'requestId' })
  controller.incomingRequest = () => {}
  controller.requestCompleted = () => {}
  controller.streamError = (error, request) => {
    // The client left; the request's line says so.
    if ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
    request.isCutOff = true
    request.log.error({ err: error }, 'an answer was cut off')
  }
  return controller
}

/**
 * The log of a request, for Fastify's `childLoggerFactory`. It is made at its first use: most requests write
 * no line of their own, and searching the bindings for secrets takes long.
 */
export function createLazyLog(log: FastifyBaseLogger, bindings: Bindings): FastifyBaseLogger {
  let made: FastifyBaseLogger | undefined
  const make = () => {
    made ??= log.child(bindings)
    return made
  }
  const at =
    (level: Level): LogFn =>
    (...line: Parameters<LogFn>) =>
      make()[level](...line)
  return {
    level: log.level,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    silent: () => {},
    child: (...more) => make().child(...more),
  }
}

/**
 * Writes a line for each request when its answer has been sent or the client has left.
 * @param log of `createRequestLog`
 */
export function logRequests(app: FastifyInstance, log: FastifyBaseLogger): void {
  app.decorateRequest('refusal', null)
  app.decorateRequest('isCutOff', false)
  app.addHook('onRequest', (request, reply, done) => {
    logRequest(log, request, reply)
    done()
  })
}

/**
 * For lines with nothing but the fields of `logAnswer`. They are not searched for secrets, which takes
 * longest.
 */
export const createRequestLog = (log: FastifyBaseLogger): FastifyBaseLogger =>
  log.child({}, { redact: [] })

/**
 * Writes the line for one request when it is over. Call it directly for a request that no hook sees.
 * @param log of `createRequestLog`
 */
export function logRequest(
  log: FastifyBaseLogger,
  request: FastifyRequest & { user?: { id: number | string } | null },
  reply: FastifyReply,
): void {
  const { id, raw } = request
  const { raw: response } = reply
  response.once('close', () => {
    const { refusal, user } = request
    const [ms, isWhole] = [reply.elapsedTime, response.writableFinished]
    logAnswer(log, { id, raw, response, ms, user, isWhole, refusal })
  })
}

/**
 * Writes the line for a request that is over.
 * @param log of `createRequestLog`
 */
export function logAnswer(
  log: FastifyBaseLogger,
  {
    id,
    raw,
    response,
    ms,
    user,
    isWhole,
    refusal,
  }: Pick<SentAnswer, 'id' | 'raw' | 'response' | 'ms' | 'isWhole'> & {
    user?: { id: number | string } | null | undefined
    refusal?: AppError | null
  },
): void {
  log.info(
    {
      requestId: id,
      method: raw.method,
      path: pathOf(raw).slice(0, MAX_PATH_LENGTH),
      status: response.headersSent ? response.statusCode : undefined,
      ms: Math.round(ms * 10) / 10,
      user: user?.id,
      aborted: isWhole ? undefined : true,
      refusal: refusal?.code,
      detail: refusal?.detail,
    },
    'request',
  )
}

/** Without the query, which may hold private words or secrets. */
const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] ?? ''
