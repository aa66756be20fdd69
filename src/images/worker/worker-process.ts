import { type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { getCompileCacheDir } from 'node:module'
import { heard } from '../../base/heard.ts'
import { Refusal, type Reply, type Request, type Tasks, type WorkerLimits } from './tasks.ts'

/** A task counts as hung when its wall-clock time exceeds its limit of processor time by this factor. */
export const HANG_FACTOR = 10

/** Signals that end a process because of a fault in its own code. */
export const CRASHES: readonly string[] = [
  'SIGSEGV',
  'SIGBUS',
  'SIGABRT',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
]

export interface ImageWorker {
  readonly pid: number | undefined
  /** Whether the process can take a task. */
  readonly alive: boolean
  /** Resolves when the process is gone, for whatever reason. */
  readonly ended: Promise<void>
  /**
   * Runs a task. Only one task may run at a time.
   * @throws Refusal if the file is at fault, also if it crashed the worker; any other Error if not
   */
  run<Name extends keyof Tasks>(
    name: Name,
    input: Tasks[Name]['input'],
  ): Promise<Tasks[Name]['output']>
  /** Kills the process at once. A running task rejects. Resolves when the process is gone. */
  kill(): Promise<void>
}

/** A server with a compile cache shares it with its workers: they start in half the time. */
function compileCache() {
  const folder = getCompileCacheDir()
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder }
}

/**
 * Starts a worker process. If it cannot start, its first task rejects.
 * @param tell gets the text that libraries, or Node when it crashes, write to standard error
 */
export function startWorker(
  limits: WorkerLimits,
  tell: (text: string) => void = () => {},
): ImageWorker {
  const child = heard(
    fork(new URL('./worker.ts', import.meta.url), {
      ...limitedTo(limits.memoryBytes),
      // None of the server's secrets or settings. The one variable is for glibc: with a heap for each
      // thread, a worker that has processed many images would hold twice the memory at rest, and earlier
      // images would decide whether the next one fits the limit.
      env: { MALLOC_ARENA_MAX: '1', ...compileCache() },
      // Its own process group: a signal to the server's group is meant for the server, which drains first.
      detached: true,
      // Not the server's own standard error: a slow reader of it would block the worker.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }),
  )
  if (child.stderr) heard(child.stderr).setEncoding('utf8').on('data', tell)
  let alive = true
  let ready = false
  let pending: PromiseWithResolvers<unknown> | undefined
  /** Why the process ends, if that is known before its exit. */
  let cause: Error | undefined

  const settle = (act: (task: PromiseWithResolvers<unknown>) => void) => {
    if (pending) act(pending)
    pending = undefined
  }
  const end = (why: Error) => {
    alive = false
    cause ??= why
    child.kill('SIGKILL')
  }

  // The exit event can arrive before the last messages. The channel's end always arrives after them.
  const gone = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(
    ([[code, signal]]) => cause ?? explainEnd(code, signal, ready),
    // `once` rejects with the error of a process that could not be started.
    (error: Error) => error,
  )
  const ended = gone.then((error) => {
    alive = false
    settle((task) => task.reject(error))
  })

  child.on('message', (reply: Reply) => {
    if (reply.kind === 'ready') {
      ready = true
    } else if (reply.kind === 'done') {
      settle((task) => task.resolve(reply.output))
    } else if (reply.kind === 'failed') {
      settle((task) => task.reject(new Error(`Image worker failed: ${reply.cause}`)))
    } else {
      const { reason, detail, cause: said } = reply
      const refusal = new Refusal(reason, detail, said)
      // A worker over its limits must end. Nothing of it is left when the task rejects.
      if (reason === 'time' || reason === 'memory') {
        end(refusal)
      } else {
        settle((task) => task.reject(refusal))
      }
    }
  })

  return {
    pid: child.pid,
    ended,
    get alive() {
      return alive
    },
    async run<Name extends keyof Tasks>(name: Name, input: Tasks[Name]['input']) {
      if (!alive) throw await gone
      const task = Promise.withResolvers<unknown>()
      pending = task
      const hangTimer = setTimeout(
        () => {
          end(new Error(`Image worker hung in ${name}`))
        },
        limits.seconds * HANG_FACTOR * 1000,
      )
      // A failed send needs no handler: the end of the process rejects the task.
      child.send({ name, input, limits } satisfies Request, () => {})
      return (await task.promise.finally(() => clearTimeout(hangTimer))) as Tasks[Name]['output']
    },
    async kill() {
      end(new Error('Image worker was ended'))
      await ended
    },
  }
}

/** Reserved memory besides pixels, most of it never touched: thread stacks, V8's heap, decoder tables. */
export const BESIDE_PIXELS_KIB = 1024 * 1024

/**
 * A memory limit of the system, for the case that the process has no time to check its own limit and report
 * the reason. (`ulimit -d` counts writable memory only. V8 reserves terabytes that are not writable.)
 */
function limitedTo(memoryBytes: number): Pick<ForkOptions, 'execPath' | 'execArgv'> {
  // The pixels are outside of V8's heap, and each image makes few objects. A young generation of the usual
  // size would cost 10 MB more per process, and processor time for fresh pages.
  const flags = ['--max-semi-space-size=2']
  if (process.platform !== 'linux') return { execArgv: flags }
  const limit = Math.ceil(memoryBytes / 1024) + BESIDE_PIXELS_KIB
  const script = `ulimit -d ${limit} 2>/dev/null; unset PWD; exec "$0" "$@"`
  return { execPath: '/bin/sh', execArgv: ['-c', script, process.execPath, ...flags] }
}

function explainEnd(code: number | null, signal: string | null, ready: boolean): Error {
  const how = signal ?? `code ${code}`
  if (!ready) return new Error(`Image worker could not start: ended with ${how}`)
  if (signal && CRASHES.includes(signal)) {
    const detail = 'The image crashed its decoder, so it counts as damaged.'
    return new Refusal('crash', detail, `Worker ended with ${how}`)
  }
  return new Error(`Image worker ended with ${how}`)
}
