import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Refusal, type WorkerLimits } from '../worker/tasks.ts'
import { CRASHES, HANG_FACTOR } from '../worker/worker-process.ts'
import type { ForeignFormat, ForeignHeader, FromDecoder, Order, ToDecoder } from './protocol.ts'
import { startConfined } from './start-confined.ts'

/**
 * A drawing of a few bytes can take any time and memory, and no good one needs these. It may exceed them by a little until
 * that is seen, and stays within 5 seconds and 512 MB then.
 */
const SVG_LIMITS: WorkerLimits = { seconds: 4.5, memoryBytes: 448 * 1024 * 1024 }

const PROGRAM = new URL('./decoder.ts', import.meta.url)

const WATCH_MS = 25
const MEBIBYTE = 1024 * 1024

interface DecoderTask {
  format: ForeignFormat
  path: string
  /** Where the pixels are written to. The file must not exist. */
  pixels: string
  limits: WorkerLimits
  signal?: AbortSignal | undefined
  /** Gets what the process writes to standard error. */
  tell?: ((text: string) => void) | undefined
}

/**
 * Decodes a file in a process that lives for it alone. Nothing of the decoder is loaded before, and nothing of it stays.
 *
 * @param choose gets what the header claims, and says what is decoded. If it throws, nothing is
 * @returns the header
 * @throws Refusal if the file is at fault, also if it crashed the decoder or exceeded a limit; the signal's reason when
 *   aborted; any other Error for a fault of the server
 */
export async function runDecoder(
  { format, path, pixels, limits: all, signal, tell }: DecoderTask,
  choose: (header: ForeignHeader) => Promise<Order>,
): Promise<ForeignHeader> {
  signal?.throwIfAborted()
  const limits = format === 'svg' ? least(all, SVG_LIMITS) : all
  const child = await startConfined(PROGRAM, {
    path,
    pixels,
    limits,
    isNative: format === 'svg',
    tell,
  })
  /** Why the process ends, if that is known before its exit. */
  let cause: unknown
  let header: ForeignHeader | undefined
  let isDone = false
  let chosen: Promise<void> | undefined
  const end = (why: unknown) => {
    cause ??= why
    child.kill('SIGKILL')
  }
  const say = (message: ToDecoder) => child.send(message, () => {})
  child.on('message', (message: FromDecoder) => {
    switch (message.kind) {
      case 'header':
        header = message.header
        chosen = choose(message.header).then((order) => void say({ kind: 'decode', order }), end)
        break
      case 'done':
        isDone = true
        child.disconnect()
        break
      case 'refused':
        end(new Refusal('content', message.detail, message.cause))
        break
      case 'failed':
        end(new Error(`The decoder failed: ${message.cause}`))
        break
    }
  })
  const abort = () => end(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  const stopWatching = watch(child.pid, limits, end)
  const hangTimer = setTimeout(
    () => end(new Error('The decoder hung')),
    limits.seconds * HANG_FACTOR * 1000,
  )
  try {
    say({ kind: 'open', format })
    const [code, killedBy] = await once(child, 'exit')
    if (cause !== undefined) throw cause
    if (isDone && header) return header
    throw explainEnd(code, killedBy, limits)
  } finally {
    // What it reserves is known to the caller then.
    await chosen
    clearTimeout(hangTimer)
    stopWatching()
    signal?.removeEventListener('abort', abort)
  }
}

const least = (one: WorkerLimits, other: WorkerLimits): WorkerLimits => ({
  seconds: Math.min(one.seconds, other.seconds),
  memoryBytes: Math.min(one.memoryBytes, other.memoryBytes),
})

/** Ends the process when it exceeds a limit. The decoder holds its only thread, so that it cannot watch itself. */
function watch(
  pid: number | undefined,
  { seconds, memoryBytes }: WorkerLimits,
  end: (why: Refusal) => void,
): () => void {
  if (process.platform !== 'linux' || pid === undefined) return () => {}
  let isReading = false
  const timer = setInterval(async () => {
    if (isReading) return
    isReading = true
    const used = await readUse(pid).catch(() => undefined)
    isReading = false
    if (!used) return
    if (used.seconds > seconds)
      end(tookTooMuch('time', `more than ${seconds} seconds of processor time`))
    else if (used.bytes > memoryBytes) {
      end(tookTooMuch('memory', `more than ${Math.round(memoryBytes / MEBIBYTE)} MiB of memory`))
    }
  }, WATCH_MS)
  return () => clearInterval(timer)
}

/** Linux counts processor time in this unit towards programs, whatever the kernel's own is. */
const TICKS_PER_SECOND = 100

/** proc_pid_stat(5), proc_pid_status(5) */
async function readUse(pid: number): Promise<{ seconds: number; bytes: number }> {
  const [stat, status] = await Promise.all(
    ['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1')),
  )
  // The name, in brackets, may contain anything.
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ')
  const resident = (status ?? '').split('\n').find((line) => line.startsWith('VmRSS:')) ?? ''
  return {
    seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    bytes: Number.parseInt(resident.slice('VmRSS:'.length) || '0', 10) * 1024,
  }
}

const tookTooMuch = (reason: 'time' | 'memory', taken: string) =>
  new Refusal(
    reason,
    `Processing the image took ${taken}; a smaller or simpler one may be accepted.`,
    `The decoder took ${taken}`,
  )

function explainEnd(code: number | null, signal: string | null, { seconds }: WorkerLimits): Error {
  if (signal === 'SIGXCPU')
    return tookTooMuch('time', `more than ${seconds} seconds of processor time`)
  const how = `The decoder ended with ${signal ?? `code ${code}`}`
  if (signal && CRASHES.includes(signal)) {
    return new Refusal('crash', 'The image crashed its decoder, so it counts as damaged.', how)
  }
  return new Error(how)
}
