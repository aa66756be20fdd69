import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'

/** Milliseconds of a tick in /proc, on every Linux that Node runs on. */
const TICK_MS = 10

/** Processor time in milliseconds. */
export interface ProcessorTime {
  /** Of the server and its image processes. */
  server: number
  /** Of the PostgreSQL processes that serve it; 0 with the embedded database. */
  database: number
}

/**
 * Measures the processor time of the processes of a server, as the kernel counts it. Unlike elapsed time,
 * it hardly depends on other programs.
 *
 * @param pid of the server
 * @param databaseUrl of its PostgreSQL database
 */
export async function watchProcessorTime(pid: number, databaseUrl?: string) {
  const admin = databaseUrl ? await connectBeside(databaseUrl) : undefined
  const databaseName = databaseUrl ? new URL(databaseUrl).pathname.slice(1) : ''

  async function readBackends(): Promise<Map<number, number>> {
    if (!admin) return new Map()
    const { rows } = await admin.query('SELECT pid FROM pg_stat_activity WHERE datname = $1', [
      databaseName,
    ])
    return new Map(rows.map((row) => [row.pid, readTime(row.pid)]))
  }

  return {
    /** Returns the time that is spent during `work`. */
    async during(work: () => Promise<void>): Promise<ProcessorTime> {
      const [server, backends] = [readTreeTime(pid), await readBackends()]
      await work()
      let database = 0
      for (const [backend, time] of await readBackends()) {
        database += time - (backends.get(backend) ?? 0)
      }
      return { server: readTreeTime(pid) - server, database }
    },
    close: async () => admin?.end(),
  }
}

/** Connects to another database of the same PostgreSQL server. */
async function connectBeside(databaseUrl: string): Promise<pg.Client> {
  const url = new URL(databaseUrl)
  url.pathname = '/postgres'
  const client = new pg.Client(url.href)
  await client.connect()
  return client
}

/** Milliseconds of a process and of its ended child processes. */
export function readTime(pid: number): number {
  const { times } = readStat(pid)
  return times.reduce((sum, ticks) => sum + ticks, 0) * TICK_MS
}

/** Milliseconds of a process and of all its descendants, ended or not. */
const readTreeTime = (pid: number): number =>
  findTree(pid).reduce((sum, member) => sum + readTime(member), 0)

/** A process and all its descendants that still run. */
export function findTree(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const child = Number(name)
    const { parent } = readStat(child)
    children.set(parent, [...(children.get(parent) ?? []), child])
  }
  const collect = (root: number): number[] => [root, ...(children.get(root) ?? []).flatMap(collect)]
  return collect(pid)
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readStat(pid: number): { parent: number; times: number[] } {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    // The process has ended; its parent counts its time.
    return { parent: 0, times: [] }
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { parent: Number(fields[1]), times: fields.slice(11, 15).map(Number) }
}
