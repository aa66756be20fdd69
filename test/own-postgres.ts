import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findFreePort } from './free-port.ts'

const START_MS = 60_000
/** The folder of Debian for the programs of each version. Elsewhere they may be in the path. */
const folder = globSync('/usr/lib/postgresql/*/bin').sort().at(-1)
const program = (name: string) => (folder === undefined ? name : join(folder, name))

/** A PostgreSQL server that a test may stop. The other tests share the server of `postgres.ts`. */
export interface OwnPostgres {
  /** URL of an empty database, the same after a restart. */
  url: string
  /**
   * Stops the server at once. `immediate` is like a crash, after which it must recover. `fast` is like an
   * operator's stop, which rolls back running transactions.
   */
  stop(how: 'immediate' | 'fast'): Promise<void>
  /** Starts it again. Resolves once it accepts connections. */
  start(): Promise<void>
  /** Stops it and removes its files. */
  close(): Promise<void>
}

/** Whether this machine has the programs of a PostgreSQL server. */
export const hasOwnPostgres = (): boolean =>
  spawnSync(program('initdb'), ['--version'], { stdio: 'ignore' }).status === 0

/** Its version, such as 17; undefined without the programs of a PostgreSQL server. */
export function ownPostgresVersion(): number | undefined {
  const { stdout } = spawnSync(program('initdb'), ['--version'], { encoding: 'utf8' })
  const [, version] = /\) (\d+)/.exec(stdout ?? '') ?? []
  return version === undefined ? undefined : Number(version)
}

/**
 * Starts a server on a free port of the loopback interface. It ends with this process in any case.
 * @param options.settings as in its configuration file: `fsync=off`
 */
export async function startOwnPostgres({
  settings = [],
  locale = 'C',
}: {
  settings?: readonly string[]
  locale?: string
} = {}): Promise<OwnPostgres> {
  const data = mkdtempSync(join(tmpdir(), 'vitrine-postgres-'))
  const account = findAccount()
  if (account) chownSync(data, account.uid, account.gid)
  const options = { cwd: '/', ...account, stdio: 'ignore' } as const
  const made = spawnSync(
    program('initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', `--locale=${locale}`, '--no-sync'],
    options,
  )
  if (made.status !== 0) throw new Error(`initdb ended with ${made.status}.`)

  const port = await findFreePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const given = settings.flatMap((setting) => ['-c', setting])
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', data, ...given]
  let server = spawn(program('postgres'), args, options)
  const kill = () => {
    server.kill('SIGQUIT')
  }
  const clear = () => {
    if (existsSync(data)) rmSync(data, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', kill)
  await answering(url)

  const own: OwnPostgres = {
    url,
    async stop(how) {
      const exited = once(server, 'exit')
      server.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await exited
    },
    async start() {
      server = spawn(program('postgres'), args, options)
      await answering(url)
    },
    async close() {
      process.off('exit', kill)
      if (server.exitCode === null && server.signalCode === null) await own.stop('immediate')
      clear()
    },
  }
  return own
}

/** PostgreSQL does not run as root. */
function findAccount(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function answering(connectionString: string): Promise<void> {
  for (const end = Date.now() + START_MS; ; ) {
    const client = new pg.Client({ connectionString })
    client.on('error', () => {})
    const error = await client.connect().then(
      () => undefined,
      (error: unknown) => error,
    )
    await client.end().catch(() => {})
    if (!error) return
    if (Date.now() > end) throw new Error('PostgreSQL did not start.', { cause: error })
    await sleep(50)
  }
}
