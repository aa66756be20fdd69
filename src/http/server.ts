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
import { answerClientErrors } from './answer/client-errors.ts'
import { answerEarly } from './answer/early-answer.ts'
import { createFastPath } from './answer/fast-path.ts'
import { refuseUnmatched } from './answer/not-found.ts'
import { createPipelining } from './answer/pipelining.ts'
import { renderError, renderErrors } from './answer/render-errors.ts'
import { cutOffSlowBodies, cutOffStalled } from './answer/slow-clients.ts'
import { type BasePath, redirectUnder, stripBasePath } from './base-path.ts'
import { parseBodies } from './body/parse-json.ts'
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
import { POLICIES, SECURITY_HEADERS, securityHeaders } from './security-headers.ts'
import { type HttpSettings, httpSettings } from './settings.ts'
import { createRequestIds, createTrusts, type Trusts } from './trusted-proxies.ts'

const HEADERS_TIMEOUT_MS = 30_000
/** Interval of the check: a timeout may be noticed this much later. */
const CHECK_INTERVAL_MS = 5_000
/** Longer than the defaults of proxies, so that the proxy closes an idle connection first. */
const KEEP_ALIVE_MS = 72_000
const HTTP_OPTIONS = {
  // Limits clients that send headers without end.
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: CHECK_INTERVAL_MS,
  // Node's own answer would lack the headers that every answer carries; see `hostMissing`.
  requireHostHeader: false,
}
/** Longer than any path, so that every parameter reaches its route, which says what is wrong. */
const MAX_PARAMETER_LENGTH = 32 * 1024

type ServerSettings = Pick<HttpSettings, 'hosts' | 'trustedProxies' | 'metricsToken'> & {
  allowedOrigins: readonly string[]
  /** For the description of the API. */
  cookieName?: string
  leastBodyRate?: number
  basePath?: BasePath
}

/**
 * The server without the routes of the library, not listening yet.
 *
 * Routes are added as plugins. They can rely on this: bodies are JSON that matches the route's schema,
 * queries and parameters are unchanged texts, and every thrown error is answered as
 * `{"data", "code", "detail"}`.
 *
 * @param givenMetrics the metrics to add to, if metrics are on
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
  const fastPath = createFastPath({
    headersOf: createHeadersOf(settings, trusts),
    isKnownHost: hosts.isKnown,
    idOf,
    maxParamLength: MAX_PARAMETER_LENGTH,
  })
  const pipelining = createPipelining(() =>
    log.info('a client had too many requests waiting and was cut off'),
  )
  const app = fastify({
    serverFactory: (handler) => {
      const ordered = stripBasePath(basePath, pipelining.oneAtATime(fastPath.handle(handler)))
      const answer = meter ? meter.fromBegin(ordered) : ordered
      const server = heard(
        createHttpServer(HTTP_OPTIONS, (request, response) => answer(request, heard(response))),
      )
      server.keepAliveTimeout = KEEP_ALIVE_MS
      // `cutOffStalled` and `cutOffSlowBodies` limit slow bodies instead.
      server.requestTimeout = 0
      return server
    },
    loggerInstance: log,
    logController: createLogController(),
    childLoggerFactory: createLazyLog,
    // `createRequestIds` chooses every id.
    requestIdHeader: false,
    genReqId: idOf,
    trustProxy: settings.trustedProxies.length > 0 && [...settings.trustedProxies],
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // While the server closes, requests on open connections are still answered.
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
      // No hook runs here, so nothing would read the rest of a body: the connection is closed.
      logRequest(requestLog, request, reply)
      meter?.watch(request, reply)
      reply.headers({ ...securityHeaders(request), connection: 'close' })
      renderError(error, request, reply)
    },
  })

  app.setValidatorCompiler(validateBodies)
  hosts.watch(app)
  redirectUnder(app, basePath)
  fastPath.observeRoutes(app)
  fastPath.onAnswered((answered) => logAnswer(requestLog, answered))
  logRequests(app, requestLog)
  meter?.watchAll(app, fastPath)
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
  answerClientErrors(app, SECURITY_HEADERS, pipelining)
  if (metrics && metricsToken !== undefined) await serveMetrics(app, metricsToken, metrics)
  describeRoutes(app, settings.cookieName ?? 'refreshToken', basePath)
  return app
}

/** Loaded only where metrics are on. */
async function makeMetrics(): Promise<Metrics> {
  const { createMetrics } = await import('../base/metrics.ts')
  return createMetrics()
}

/** The headers of every answer, for answers that no hook sees. */
function createHeadersOf({ allowedOrigins }: ServerSettings, trusts: Trusts) {
  // Some answers are for other origins; see `answerCors`.
  const vary = allowedOrigins.length > 0 ? { vary: 'Origin' } : {}
  const carriedOver = (protocol: 'http' | 'https') => {
    const all = Object.entries({ ...vary, ...securityHeaders({ protocol }) })
    const others = all.filter(([name]) => !POLICIES.has(name))
    return { all: all.flat(), withoutPolicies: others.flat() }
  }
  const [plain, secure] = [carriedOver('http'), carriedOver('https')]
  // Determines the protocol as Fastify does.
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

/** Never called, because `setValidatorCompiler` sets another one. Without it Fastify would load Ajv. */
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

/** Once the server closes, ends each connection as soon as it is idle: closing need not wait for it. */
function closeGracefully(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    // After an error in a body Fastify would close the connection. `answerEarly` makes that unnecessary.
    if (closing) reply.header('connection', 'close')
    else reply.removeHeader('connection')
    done(null, payload)
  })
  app.addHook('onResponse', (_request, _reply, done) => {
    if (closing) setImmediate(() => app.server.closeIdleConnections())
    done()
  })
}
