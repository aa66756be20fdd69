import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'

/** One process, told apart from every other, also from a later one that is given the same id. */
export interface ProcessIdentity {
  /** The machine, its boot and its process namespace: where `pid` and `started` mean anything. */
  host: string
  pid: number
  /** When it started, in digits, as the operating system counts; `0` where that cannot be told. */
  started: string
}

/** This process. */
export async function identifyProcess(): Promise<ProcessIdentity> {
  const self = await inspectProcess(process.pid)
  return { host: await identifyHost(), pid: process.pid, started: self?.started ?? UNKNOWN }
}

/**
 * Whether a process still runs, as far as can be told from this host.
 * @param host this process's own, of `identifyProcess`
 * @returns undefined if it cannot be told: it runs elsewhere, or is hidden from this account
 */
export async function isRunning(
  { host: theirHost, pid, started }: ProcessIdentity,
  host: string,
): Promise<boolean | undefined> {
  if (theirHost !== host || started === UNKNOWN) return undefined
  if (!isTaken(pid)) return false
  const found = await inspectProcess(pid)
  if (!found) return isTaken(pid) ? undefined : false
  return found.started === started && !found.dead
}

const UNKNOWN = '0'

/** Whether there is a process of this id, whoever's it is. */
function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

async function identifyHost(): Promise<string> {
  const name = hostname()
  if (process.platform !== 'linux') return name
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    // Containers count their processes each from 1.
    const namespace = (await readlink('/proc/self/ns/pid')).replace(/\D/g, '')
    return `${name} ${boot} ${namespace}`
  } catch {
    // Nobody else can then be asked about, so that leases alone decide.
    return `${name} ${process.pid} ${performance.timeOrigin}`
  }
}

interface FoundProcess {
  started: string
  /** It runs no more, only its parent has not asked how it ended. */
  dead: boolean
}

/** What the operating system tells of a process; undefined if it tells nothing. */
async function inspectProcess(pid: number): Promise<FoundProcess | undefined> {
  try {
    return process.platform === 'linux' ? await inspectByProc(pid) : await inspectByPs(pid)
  } catch {
    return undefined
  }
}

/** Fields 3 (state) and 22 (start, in clock ticks since boot) of `proc_pid_stat(5)`. */
async function inspectByProc(pid: number): Promise<FoundProcess | undefined> {
  // A /proc of another process namespace would tell of strangers.
  if ((await readlink('/proc/self')) !== String(process.pid)) return undefined
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // Field 2, the name, stands in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields[0], fields[22 - 3]]
  return state && started ? { started, dead: 'ZX'.includes(state) } : undefined
}

/** For macOS and the BSDs, whose `ps` tells the start to the second. */
async function inspectByPs(pid: number): Promise<FoundProcess | undefined> {
  const { stdout } = await promisify(execFile)(
    '/bin/ps',
    ['-o', 'state=', '-o', 'lstart=', '-p', String(pid)],
    { env: { LC_ALL: 'C', TZ: 'UTC0' } },
  )
  const [state, ...date] = stdout.trim().split(/\s+/)
  const started = Date.parse(`${date.join(' ')} UTC`)
  return state && started ? { started: String(started), dead: state.startsWith('Z') } : undefined
}
