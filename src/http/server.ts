import type { IncomingMessage } from 'node:http'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
  fastify,
} from 'fastify'
import { AppError } from '../base/errors.ts'
import { heard } from '../base/heard.ts'
import type { Metrics } from '../base/metrics.ts'
import { createAtOnce } from './answer/answer-at-once.ts'
import { answerClientErrors } from './answer/client-errors.ts'
import { answerEarly } from './answer/early-answer.ts'
import { refuseUnmatched } from './answer/not-found.ts'
import { renderError, renderErrors } from './answer/render-errors.ts'
import { cutOffStalled } from './answer/stalled-clients.ts'
import { createTurns } from './answer/turns.ts'
import { type BasePath, redirectUnder, stripBasePath } from './base-path.ts'
import { parseBodies } from './body/parse-bodies.ts'
import { cutOffSlowBodies } from './body/slow-bodies.ts'
import { validateBodies } from './body/validate-body.ts'
import { createKnownHosts } from './known-hosts.ts'
import { createServer as createHttpServer } from './node-http.ts'
import { describeRoutes } from './openapi.ts'
import {
  createLazyLog,
  createLogController,
  createRequestLog,
  logAnswer,
  logRequest,
  logRequests,
} from './operate/logging.ts'
import { createRequestMeter, serveMetrics } from './operate/metrics.ts'
import { createRequestIds } from './request-id.ts'
import { POLICIES, SECURITY_HEADERS, securityHeaders } from './security-headers.ts'
import { type HttpSettings, httpSettings } from './settings.ts'
import { createTrusts, type Trusts } from './trusted-proxies.ts'

const HEADERS_TIMEOUT_MS = 30_000
/** How much later than that it may be noticed. */
const CHECK_INTERVAL_MS = 5_000
/** Longer than proxies in front keep a connection by their defaults, so that they end it first. */
const KEEP_ALIVE_MS = 72_000
const HTTP_OPTIONS = {
  // Against clients that send headers without end.
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: CHECK_INTERVAL_MS,
  // Node's own answer would lack what every answer carries; see below.
  requireHostHeader: false,
}
/** More than a path can have, so that every parameter reaches its route, which says what is wrong. */
const MAX_PARAMETER_LENGTH = 32 * 1024

type ServerSettings = Pick<HttpSettings, 'hosts' | 'trustedProxies' | 'metricsToken'> & {
  allowedOrigins: readonly string[]
  /** For the description of the API. */
  cookieName?: string
  leastBodyRate?: number
  basePath?: BasePath
}

/**
 * The server without the domain's routes, not listening yet.
 *
 * Routes are added as plugins. What they can count on: bodies are JSON checked against the route's
 * schema, queries and parameters are texts as they came, whatever is thrown is answered as
 * `{"data", "code", "detail"}`.
 *
 * @param givenMetrics what else is told where metrics are on
 */
export async function createServer(
  settings: ServerSettings,
  log: FastifyBaseLogger,
  givenMetrics?: Metrics,
): Promise<FastifyInstance> {
  const { basePath = '' } = settings
  const { metricsToken } = settings
  const metrics = metricsToken === undefined ? undefined : (givenMetrics ?? (await makeMetrics()))
  const meter = metrics && createRequestMeter(metrics)
  const requestLog = createRequestLog(log)
  const trusts = createTrusts(settings.trustedProxies)
  const hosts = createKnownHosts(settings, trusts, log)
  const idOf = createRequestIds(trusts)
  const atOnce = createAtOnce({
    headersOf: createHeadersOf(settings, trusts),
    isKnownHost: hosts.isKnown,
    idOf,
    maxParamLength: MAX_PARAMETER_LENGTH,
  })
  const turns = createTurns(() =>
    log.info('a client had too many requests waiting and was cut off'),
  )
  const app = fastify({
    serverFactory: (handler) => {
      const inTurn = stripBasePath(basePath, turns.inTurn(atOnce.ahead(handler)))
      const answer = meter ? meter.fromBegin(inTurn) : inTurn
      const server = heard(
        createHttpServer(HTTP_OPTIONS, (request, response) => answer(request, heard(response))),
      )
      server.keepAliveTimeout = KEEP_ALIVE_MS
      // Bodies may be slow, see `cutOffStalled` and `cutOffSlowBodies`.
      server.requestTimeout = 0
      return server
    },
    loggerInstance: log,
    logController: createLogController(),
    childLoggerFactory: createLazyLog,
    // See `createRequestIds`, which is asked for every request.
    requestIdHeader: false,
    genReqId: idOf,
    trustProxy: settings.trustedProxies.length > 0 && [...settings.trustedProxies],
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // While the server drains, what comes on open connections is still answered.
    return503OnClosing: false,
    schemaController: {
      compilersFactory: {
        buildValidator: withoutAjv,
        buildSerializer: () => () => JSON.stringify,
      },
    },
    // See `answerClientErrors`.
    clientErrorHandler: () => {},
    frameworkErrors: (error, request, reply) => {
      // Outside of all hooks: nothing would take in the rest of a body.
      logRequest(requestLog, request, reply)
      meter?.watch(request, reply)
      reply.headers({ ...securityHeaders(request), connection: 'close' })
      renderError(error, request, reply)
    },
  })

  app.setValidatorCompiler(validateBodies)
  hosts.watch(app)
  redirectUnder(app, basePath)
  atOnce.learn(app)
  atOnce.watch((answered) => logAnswer(requestLog, answered))
  logRequests(app, requestLog)
  meter?.watchAll(app, atOnce)
  app.addHook('onRequest', (request, reply, done) => {
    const { id, raw } = request
    reply.headers({ ...securityHeaders(request), 'x-request-id': id })
    const isMissing = raw.headers.host === undefined && raw.httpVersion === '1.1'
    if (isMissing) done(hostMissing())
    else done(request.routeOptions.config.anyHost ? undefined : hosts.refuse(raw))
  })
  renderErrors(app)
  refuseUnmatched(app)
  parseBodies(app)
  cutOffStalled(app)
  cutOffSlowBodies(
    app,
    settings.leastBodyRate ?? httpSettings.leastBodyRate.fallback,
    SECURITY_HEADERS,
  )
  closeGracefully(app)
  answerEarly(app)
  answerClientErrors(app, SECURITY_HEADERS, turns)
  if (metrics && metricsToken !== undefined) await serveMetrics(app, metricsToken, metrics)
  describeRoutes(app, settings.cookieName ?? 'refreshToken', basePath)
  return app
}

/** Loaded only where they are wanted. */
async function makeMetrics(): Promise<Metrics> {
  const { createMetrics } = await import('../base/metrics.ts')
  return createMetrics()
}

/** What every answer carries, for those that no hook gets to see. */
function createHeadersOf({ allowedOrigins }: ServerSettings, trusts: Trusts) {
  // For answers that other origins may be shown; see `answerCors`.
  const vary = allowedOrigins.length > 0 ? { vary: 'Origin' } : {}
  const carriedOver = (protocol: 'http' | 'https') => {
    const all = Object.entries({ ...vary, ...securityHeaders({ protocol }) })
    const others = all.filter(([name]) => !POLICIES.has(name))
    return { all: all.flat(), withoutPolicies: others.flat() }
  }
  const [plain, secure] = [carriedOver('http'), carriedOver('https')]
  // As Fastify tells the protocol of a request.
  return ({ headers, socket }: IncomingMessage, hasOwnPolicies: boolean) => {
    const forwarded = headers['x-forwarded-proto']
    const isSecure =
      forwarded !== undefined &&
      String(forwarded).split(',').at(-1)?.trim() === 'https' &&
      trusts(socket)
    const carried = isSecure ? secure : plain
    return hasOwnPolicies ? carried.withoutPolicies : carried.all
  }
}

/** Never called, see `setValidatorCompiler`; but without one Fastify loads Ajv. */
const withoutAjv = (() => {
  throw new Error('There is a compiler already.')
}) as NonNullable<
  NonNullable<
    NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
  >['buildValidator']
>

/** RFC 9112, section 3.2 */
const hostMissing = () =>
  new AppError('host-missing', 400, 'Bad request', {
    detail: 'The request has no Host header; HTTP/1.1 requires one.',
  })

/** Ends connections as they become idle once the server closes, so that it need not wait for them. */
function closeGracefully(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    // Fastify wants to close after an error in a body too, which `answerEarly` makes needless.
    if (closing) reply.header('connection', 'close')
    else reply.removeHeader('connection')
    done(null, payload)
  })
  app.addHook('onResponse', (_request, _reply, done) => {
    if (closing) setImmediate(() => app.server.closeIdleConnections())
    done()
  })
}
