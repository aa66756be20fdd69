import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'

/** Identifies one process, also against a later process with the same id. */
export interface ProcessIdentity {
  /** The machine, its boot and its process namespace: the scope of `pid` and `started`. */
  host: string
  pid: number
  /** Start time in digits, in the unit of the operating system; `0` if unknown. */
  started: string
}

/** Returns the identity of this process. */
export async function identifyProcess(): Promise<ProcessIdentity> {
  const self = await inspectProcess(process.pid)
  return { host: await identifyHost(), pid: process.pid, started: self?.started ?? UNKNOWN }
}

/**
 * Whether a process still runs, as far as this host can see.
 * @param host host of this process, from `identifyProcess`
 * @returns undefined if unknown: it runs on another host, or is hidden from this account
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

/** Whether a process with this id exists, of any account. */
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
    // Each container counts its processes from 1.
    const namespace = (await readlink('/proc/self/ns/pid')).replace(/\D/g, '')
    return `${name} ${boot} ${namespace}`
  } catch {
    // A unique host: no other process can be inspected, so only leases decide.
    return `${name} ${process.pid} ${performance.timeOrigin}`
  }
}

interface FoundProcess {
  started: string
  /** It has ended, but its parent has not collected its exit status. */
  dead: boolean
}

/** Asks the operating system about a process; undefined if it does not answer. */
async function inspectProcess(pid: number): Promise<FoundProcess | undefined> {
  try {
    return process.platform === 'linux' ? await inspectByProc(pid) : await inspectByPs(pid)
  } catch {
    return undefined
  }
}

/** Fields 3 (state) and 22 (start, in clock ticks since boot) of `proc_pid_stat(5)`. */
async function inspectByProc(pid: number): Promise<FoundProcess | undefined> {
  // A /proc of another process namespace would describe other processes.
  if ((await readlink('/proc/self')) !== String(process.pid)) return undefined
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // Field 2, the name, is in parentheses and may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields[0], fields[22 - 3]]
  return state && started ? { started, dead: 'ZX'.includes(state) } : undefined
}

/** For macOS and the BSDs. Their `ps` gives the start time in seconds. */
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
