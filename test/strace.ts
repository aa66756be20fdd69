import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { findCommand, install } from './install.ts'

/** Whether this process can make system calls of another process fail: needs strace and root. */
export const canInject: boolean =
  process.getuid?.() === 0 && spawnSync('strace', ['-V']).status === 0

/** For tests with failing system calls. Only root can use it. */
export const installStrace = () => {
  if (process.getuid?.() !== 0) return
  install('strace for the tests of a failing disk', ['strace'], () => !!findCommand('strace'))
}

/** The threads that work with files in a server with `UV_THREADPOOL_SIZE=1`. */
export const THREADS = ['main', 'libuv-worker'] as const
export type Thread = (typeof THREADS)[number]

export interface Injection {
  thread: Thread
  call: string
  /** `signal=KILL` or `error=EIO`. Both take effect before the call is made. */
  action: string
  /** Which of these calls fail, counted from now: `3` is the third, `3+` is each from the third on. */
  when: string
}

/**
 * Follows a process and all that it starts.
 * @returns a function that ends this and gives the paths that were opened meanwhile
 */
export async function followOpened(pid: number): Promise<() => Promise<string[]>> {
  const strace = await attach(pid, ['-f', '-e', 'trace=open,openat'])
  return async () =>
    (await strace.end())
      .split('\n')
      .flatMap((line) => /\bopen(?:at)?\(.*?"([^"]*)"/.exec(line)?.[1] ?? [])
}

/**
 * Makes a system call of a running server fail.
 * @returns a function that ends the injection and tells whether the call failed
 */
export async function inject(pid: number, { thread, call, action, when }: Injection) {
  const options = ['-e', `trace=${call}`, '-e', `inject=${call}:${action}:when=${when}`]
  const strace = await attach(findTask(pid, thread), options)
  return {
    async end(): Promise<boolean> {
      return /INJECTED|killed by SIGKILL/.test(await strace.end())
    },
  }
}

/** @returns how to detach strace again, and get what it printed */
async function attach(pid: number, options: readonly string[]) {
  const strace = spawn('strace', [...options, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(strace, 'exit')
  let output = ''
  strace.stderr.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
  })
  while (!output.includes(' attached')) {
    await Promise.race([once(strace.stderr, 'data'), exited])
    if (strace.exitCode !== null) throw new Error(`strace: ${output}`)
  }
  return {
    async end(): Promise<string> {
      strace.kill('SIGINT')
      await exited
      return output
    },
  }
}

function findTask(pid: number, thread: Thread): number {
  if (thread === 'main') return pid
  const tasks = readdirSync(`/proc/${pid}/task`)
  const [task, ...more] = tasks.filter((id) =>
    readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').startsWith(thread),
  )
  if (task === undefined || more.length > 0) {
    throw new Error(`The process ${pid} has ${more.length + (task ? 1 : 0)} threads ${thread}.`)
  }
  return Number(task)
}
