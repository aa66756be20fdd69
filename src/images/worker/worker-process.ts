import { type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { heard } from '../../base/heard.ts'
import { Refusal } from './refusal.ts'
import type { Reply, Request, Tasks, WorkerLimits } from './tasks.ts'

/** A task that takes longer by the clock than this many times its processor time hangs. */
const HANG_FACTOR = 10

/** Signals by which a process ends through a fault in its own code. */
const CRASHES: readonly string[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP']

export interface ImageWorker {
  readonly pid: number | undefined
  /** Whether it can take a task. */
  readonly alive: boolean
  /** Resolves when the process is gone, for whatever reason. */
  readonly ended: Promise<void>
  /**
   * Runs one task; one at a time.
   * @throws Refusal if the file is to blame, its crashing the worker included; any other Error if not
   */
  run<Name extends keyof Tasks>(
    name: Name,
    input: Tasks[Name]['input'],
  ): Promise<Tasks[Name]['output']>
  /** Ends the process at once; a running task rejects. Resolves when it is gone. */
  kill(): Promise<void>
}

/**
 * Starts a worker process. A failure to start shows in its first task.
 * @param tell gets what its libraries, or Node at its end, say on its standard error
 */
export function startWorker(
  limits: WorkerLimits,
  tell: (text: string) => void = () => {},
): ImageWorker {
  const child = heard(
    fork(new URL('./worker.ts', import.meta.url), {
      ...limitedTo(limits.memoryBytes),
      // Nothing of the server's secrets or of its way of being run. The one setting is for glibc: with
      // a heap for each thread, a worker that has seen many images would hold twice the memory at rest,
      // and whether an image fits its limit would depend on what came before.
      env: { MALLOC_ARENA_MAX: '1' },
      // In a process group of its own: what ends the server's group is for the server, which drains.
      detached: true,
      // Not the server's own standard error, which it would have wait for whoever reads it.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }),
  )
  if (child.stderr) heard(child.stderr).setEncoding('utf8').on('data', tell)
  let alive = true
  let ready = false
  let pending: PromiseWithResolvers<unknown> | undefined
  /** Why the process ends, where that is known before. */
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

  // An exit can be reported before the last messages are; the channel's end comes after them.
  const gone = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(
    ([[code, signal]]) => cause ?? explainEnd(code, signal, ready),
    // It could not be started.
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
      // A worker over its limits ends; nothing of it is left when the task rejects.
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
      // What cannot be sent shows in the end of the process.
      child.send({ name, input, limits } satisfies Request, () => {})
      return (await task.promise.finally(() => clearTimeout(hangTimer))) as Tasks[Name]['output']
    },
    async kill() {
      end(new Error('Image worker was ended'))
      await ended
    },
  }
}

/** What is set aside beside pixels and not all touched: stacks of threads, V8's heap, decoders' tables. */
const BESIDE_PIXELS_KIB = 1024 * 1024

/**
 * The process watches itself, and ends with a word why. The system's own limit holds where it has no time
 * to look. (It counts what may be written to, not what is only reserved, of which V8 has terabytes.)
 */
function limitedTo(memoryBytes: number): Pick<ForkOptions, 'execPath' | 'execArgv'> {
  // The pixels are outside of V8's heap. A young generation of the usual size would stand there with
  // the few objects of each image: 10 MB more a process, and more processor time for fresh pages.
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
    const detail = 'The image brought its decoder down, so it is taken for damaged.'
    return new Refusal('crash', detail, `Worker ended with ${how}`)
  }
  return new Error(`Image worker ended with ${how}`)
}
