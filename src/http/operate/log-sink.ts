import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

const STANDARD_ERROR = 2
/** Bytes of one write. Several processes may write to one pipe: Linux keeps up to 4096 bytes together. */
const MAX_TOGETHER = 4096
/** Bytes of lines that wait to be written. Lines beyond them are lost, and counted. */
const MAX_WAITING = 1024 * 1024
/** Time between a failed write and the next try. */
const RETRY_MS = 200
/** How long the process may wait for a reader of the log at its end. */
const LAST_MS = 500

/** Writes log lines; no code waits for them. */
export interface LogSink {
  /** Takes a line with its line break. Never fails, never waits. */
  write(line: string): void
}

/**
 * Writes lines to standard error. All lines of one turn of the event loop go together: on a busy server one
 * write for each line would take as long as the rest of the log.
 *
 * If nothing can be written, because a disk is full or nobody reads a pipe, lines wait up to a bound. Lines
 * beyond the bound are lost.
 *
 * @param tellLost called with the number of lost lines, once all others have been written
 */
export function openLogSink(tellLost: (lines: number) => void): LogSink {
  const file = openStandardError()
  /** Text whose write has not begun. Each part is short enough to stay together in a pipe. */
  const parts: { text: string; bytes: number }[] = []
  let waiting = 0
  /** The rest of the part whose write has begun. */
  let rest: Buffer = Buffer.alloc(0)
  let lost = 0
  let state: 'idle' | 'due' | 'writing' | 'failed' = 'idle'

  function takePart(): boolean {
    if (rest.length > 0) return true
    const part = parts.shift()
    if (part === undefined) return false
    waiting -= part.bytes
    rest = Buffer.from(part.text)
    return true
  }

  function writeNext() {
    if (!takePart()) {
      state = 'idle'
      if (lost === 0) return
      const lines = lost
      lost = 0
      tellLost(lines)
      return
    }
    state = 'writing'
    // Node writes in another thread, so a slow reader or a slow disk does not block this one.
    write(file, rest, (error, written) => {
      rest = rest.subarray(written ?? 0)
      if (!error) return writeNext()
      state = 'failed'
      // The log alone must not keep the process running.
      void wait(RETRY_MS, undefined, { ref: false }).then(writeNext)
    })
  }

  process.on('exit', () => {
    // Another thread is writing the part that was begun, and finishes before the process ends.
    if (state === 'writing') rest = Buffer.alloc(0)
    const until = performance.now() + LAST_MS
    while (takePart() && writeNow(file, rest, until)) rest = Buffer.alloc(0)
  })

  return {
    write(line) {
      const bytes = Buffer.byteLength(line)
      if (waiting + bytes > MAX_WAITING) {
        lost++
        return
      }
      waiting += bytes
      const last = parts.at(-1)
      if (last !== undefined && last.bytes + bytes <= MAX_TOGETHER) {
        last.text += line
        last.bytes += bytes
      } else parts.push({ text: line, bytes })
      if (state !== 'idle') return
      state = 'due'
      setImmediate(writeNext)
    },
  }
}

/**
 * Opens a pipe or a terminal again, so that writes never block. Other processes share the inherited
 * descriptor and may set it to blocking.
 */
function openStandardError(): number {
  // Reading `process.stderr` makes Node set a socket or a pipe to non-blocking, also for the last messages of
  // Node itself.
  void process.stderr
  const kind = fstatSync(STANDARD_ERROR)
  if (!kind.isFIFO() && !kind.isCharacterDevice()) return STANDARD_ERROR
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
    return openSync(`/proc/self/fd/${STANDARD_ERROR}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    // The terminal belongs to another account, or the system is not Linux.
    return STANDARD_ERROR
  }
}

/** @returns whether all of it was written before `until`, by the clock of `performance.now` */
function writeNow(file: number, bytes: Buffer, until: number): boolean {
  for (let written = 0; written < bytes.length; ) {
    if (performance.now() > until) return false
    try {
      written += writeSync(file, bytes, written)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EAGAIN') return false
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
  return true
}
