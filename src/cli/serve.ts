import { writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { createApp, openLibrary } from '../app.ts'
import { purgeAudit } from '../audit/purge.ts'
import { ensureFirstAdmin } from '../auth/accounts.ts'
import { purgeExpired } from '../auth/sessions.ts'
import { type Config, findUnknownVariables } from '../config.ts'
import type { Database } from '../database/database.ts'
import { createLog } from '../http/logging.ts'

const DAY_MS = 24 * 3600 * 1000
/** Requests that run longer than this at a stop are cut off. */
const DRAIN_MS = 30_000

/** Runs the server until it is told to stop. */
export async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel)
  for (const name of findUnknownVariables(process.env)) {
    log.warn(`${name} is no setting of this version and has no effect.`)
  }

  const library = await openLibrary(config, log)
  const { database } = library
  if (config.auth === 'own') {
    await makeFirstAdmin(config, database)
  } else if (config.adminPassword !== undefined) {
    log.warn('VITRINE_ADMIN_PASSWORD has no effect while VITRINE_AUTH is external.')
  }

  const app = await createApp(config, library, log)
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    await library.close()
    throw error
  }
  const purge = () =>
    purgeExpired(database)
      .then(() => purgeAudit(database, config.auditDays))
      .catch((error) => log.error({ err: error }, 'The purge failed'))
  void purge()
  const purging = setInterval(purge, DAY_MS).unref()

  const stop = async (signal: NodeJS.Signals) => {
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
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // Last, because whoever reads it may say that it is to stop.
  console.log(`Vitrine is listening on ${addressOf(app.server)}`)
}

/** Makes the first administrator and shows a generated password, once. */
async function makeFirstAdmin(config: Config, database: Database): Promise<void> {
  const path = join(config.data, 'admin-password')
  const terminal = process.stdout.isTTY
  // Kept before the account is made, so that no crash between the two can lose it.
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

/** As a browser takes it: an IPv6 address stands in brackets. */
function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no address.')
  const { address: host, port } = address
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
