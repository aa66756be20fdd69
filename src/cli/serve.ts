import { writeFile } from 'node:fs/promises'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { createApp, openLibrary } from '../app.ts'
import { purgeAudit } from '../audit/purge.ts'
import { ensureFirstAdmin } from '../auth/accounts/accounts.ts'
import { purgeExpired } from '../auth/session/sessions.ts'
import { type Config, findUnknownVariables } from '../config.ts'
import type { Database } from '../database/database.ts'
import { createLog } from '../http/operate/logging.ts'
import { explainListening, printAddress } from './listening.ts'

const DAY_MS = 24 * 3600 * 1000
/** Requests that still run this long after the signal are cut off. */
const DRAIN_MS = 30_000

/** Runs the server until a signal stops it: in this process, or in as many workers as configured. */
export async function serve(config: Config): Promise<void> {
  if (config.workers === 1) return serveHere(config, { isFirst: true })
  const { default: cluster } = await import('node:cluster')
  const { isFirstWorker, serveInWorkers, shareOf } = await import('./serve-in-workers.ts')
  if (cluster.isPrimary) return serveInWorkers(config)
  await serveHere(shareOf(config), { isFirst: isFirstWorker() }).catch((error) => {
    // An open channel to the primary would keep this process alive.
    cluster.worker?.disconnect()
    throw error
  })
}

/** @param options.isFirst whether this process does the work that is done once for all processes */
async function serveHere(config: Config, { isFirst }: { isFirst: boolean }): Promise<void> {
  const log = createLog(config.logLevel)
  for (const name of isFirst ? findUnknownVariables(process.env) : []) {
    log.warn(`${name} is no setting of this version and has no effect.`)
  }

  const metrics = await createMetricsIfOn(config)
  const library = await openLibrary(config, log, metrics)
  const { database } = library
  if (database.isReadOnly) {
    log.error(
      `${config.data} is on a disk that is mounted read-only. The server answers reads and ` +
        'refuses every change. Once the disk can be written, start the server again.',
    )
  }
  if (config.auth === 'own') {
    await makeFirstAdmin(config, database)
  } else if (config.adminPassword !== undefined) {
    log.warn('VITRINE_ADMIN_PASSWORD has no effect while VITRINE_AUTH is external.')
  }

  const app = await createApp(config, library, log, metrics)
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    await library.close()
    throw explainListening(error, config)
  }
  const purge = () =>
    purgeExpired(database)
      .then(() => purgeAudit(database, config.auditDays))
      .catch((error) => log.error({ err: error }, 'The purge failed'))
  const purges = isFirst && !database.isReadOnly
  if (purges) void purge()
  const purging = purges ? setInterval(purge, DAY_MS).unref() : undefined

  let stopping = false
  const stop = async (signal: NodeJS.Signals) => {
    // The signal can arrive twice: a terminal sends it to every process, and the parent process sends it
    // too.
    if (stopping) return
    stopping = true
    log.info(`${signal}: finishing the running requests`)
    setTimeout(() => {
      log.error(`Requests were still running after ${DRAIN_MS / 1000} s and are cut off`)
      process.exit(1)
    }, DRAIN_MS).unref()
    clearInterval(purging)
    await app.close()
    await library.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Printed last, because its reader may stop the server at once.
  if (config.workers === 1) printAddress(addressOf(app.server))
}

/** The metrics module is loaded only if metrics are on. */
async function createMetricsIfOn({ metricsToken }: Config) {
  if (metricsToken === undefined) return undefined
  const { createMetrics } = await import('../base/metrics.ts')
  return createMetrics()
}

/** Creates the first administrator, and shows a generated password once. */
async function makeFirstAdmin(config: Config, database: Database): Promise<void> {
  const path = join(config.data, 'admin-password')
  const terminal = process.stdout.isTTY
  // Stored before the account is created, so that a crash between the two cannot lose it.
  const keep = async (password: string) => {
    if (!terminal) await writeFile(path, `${password}\n`, { mode: 0o600 })
  }
  const generated = await ensureFirstAdmin(database, config.adminPassword, keep)
  if (generated === undefined) return
  console.log(
    terminal
      ? `Sign in as "admin" with the password ${generated} (shown only now).`
      : `Sign in as "admin" with the password in ${path}.`,
  )
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no address.')
  return address
}
