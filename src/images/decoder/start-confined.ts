import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { heard } from '../../base/heard.ts'
import type { WorkerLimits } from '../worker/tasks.ts'
import { BESIDE_PIXELS_KIB } from '../worker/worker-process.ts'

interface ConfinedOptions {
  /** The file that the process reads, as descriptor `SOURCE_FD`. */
  path: string
  /** The file that it writes, as descriptor `PIXELS_FD`. It must not exist. */
  pixels: string
  limits: WorkerLimits
  /** Whether it loads native addons, which Node's permissions do not bind. */
  isNative: boolean
  args?: readonly string[]
  /** Gets what it writes to standard error. */
  tell?: ((text: string) => void) | undefined
}

/**
 * Starts a program with both files open, so that it needs no right to open any, and with as few rights as the platform lets
 * be taken away:
 *
 * - Node's permissions allow neither other files than those of the program, nor to start programs, nor the network.
 * - On Linux, the system limits time and memory. Where the account may make namespaces, the process has one without a
 *   network and without any capability.
 */
export async function startConfined(
  program: URL,
  { path, pixels, args = [], tell = () => {}, ...options }: ConfinedOptions,
): Promise<ChildProcess> {
  const source = await open(path, 'r')
  try {
    const target = await open(pixels, 'wx', 0o600)
    try {
      const child = heard(
        fork(program, args, {
          ...confinement(options),
          // No secret or setting of the server. The variable is for glibc; see `worker/worker-process.ts`.
          env: { MALLOC_ARENA_MAX: '1' },
          detached: true,
          stdio: ['ignore', 'ignore', 'pipe', 'ipc', source.fd, target.fd],
        }),
      )
      if (child.stderr) heard(child.stderr).setEncoding('utf8').on('data', tell)
      return child
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** What a program may read. The folder that holds these may hold the library too. */
const READABLE = ['package.json', 'src/*', 'node_modules/*'].map((name) =>
  fileURLToPath(new URL(`../../../${name}`, import.meta.url)),
)

function confinement({
  limits,
  isNative,
}: Pick<ConfinedOptions, 'limits' | 'isNative'>): Pick<ForkOptions, 'execPath' | 'execArgv'> {
  const permissions = ['--permission', ...READABLE.map((path) => `--allow-fs-read=${path}`)]
  const flags = ['--max-semi-space-size=2', ...(isNative ? [] : permissions)]
  if (process.platform !== 'linux') return { execArgv: flags }
  const seconds = Math.ceil(limits.seconds) + 1
  const script = [
    // Complaints of the shell are not for the log: whatever fails here is not there on this system.
    'exec 9>&2 2>/dev/null',
    `ulimit -d ${Math.ceil(limits.memoryBytes / 1024) + BESIDE_PIXELS_KIB}`,
    `ulimit -St ${seconds}`,
    `ulimit -Ht ${seconds + 1}`,
    // If memory runs out, the kernel must kill this process and not the server.
    'echo 1000 > /proc/self/oom_score_adj',
    'unset PWD',
    'unshare -Un true && exec unshare -Un -- "$0" "$@" 2>&9 9>&-',
    'exec "$0" "$@" 2>&9 9>&-',
  ]
  return {
    execPath: '/bin/sh',
    execArgv: ['-c', script.join('; '), process.execPath, ...flags],
  }
}
