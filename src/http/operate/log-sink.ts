import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

const STANDARD_ERROR = 2
/** Several processes may write to one pipe: Linux keeps up to 4096 bytes together. */
const MAX_TOGETHER = 2048
/** Characters of lines that cannot be written yet: what comes beyond them is lost, and counted. */
const MAX_WAITING = 1024 * 1024
/** How soon it is tried again where nothing could be written. */
const RETRY_MS = 200
/** How long the end of the process may wait for a reader of the log. */
const LAST_MS = 500

/** Where lines go that nobody waits for. */
export interface LogSink {
  /** Takes a line with its line break. Never fails, never waits. */
  write(line: string): void
}

/**
 * Writes lines to standard error, all at once that come in one turn of the event loop: on a busy server a
 * write for each would take as long as the rest of the log.
 *
 * Where nothing can be written, since a disk is full or nobody reads a pipe, lines wait up to a bound, and
 * are lost beyond it.
 *
 * @param tellLost is told how many lines were lost, once all others have been written
 */
export function openLogSink(tellLost: (lines: number) => void): LogSink {
  const file = openStandardError()
  /** What was not begun yet, each part of it short enough to stay together. */
  const parts: string[] = []
  let characters = 0
  /** What is left of the part that was begun. */
  let rest: Buffer = Buffer.alloc(0)
  let lost = 0
  let state: 'idle' | 'due' | 'writing' | 'failed' = 'idle'

  function takePart(): boolean {
    if (rest.length > 0) return true
    const part = parts.shift()
    if (part === undefined) return false
    characters -= part.length
    rest = Buffer.from(part)
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
    // In another thread: who is slow to take it, whatever the file is, holds up nobody here.
    write(file, rest, (error, written) => {
      rest = rest.subarray(written ?? 0)
      if (!error) return writeNext()
      state = 'failed'
      // Nothing that is kept running for the sake of the log.
      void wait(RETRY_MS, undefined, { ref: false }).then(writeNext)
    })
  }

  process.on('exit', () => {
    // Another thread is at the part that was begun, and has it done before the process is gone.
    if (state === 'writing') rest = Buffer.alloc(0)
    const until = performance.now() + LAST_MS
    while (takePart() && writeNow(file, rest, until)) rest = Buffer.alloc(0)
  })

  return {
    write(line) {
      if (characters + line.length > MAX_WAITING) {
        lost++
        return
      }
      characters += line.length
      const last = parts.at(-1)
      if (last !== undefined && last.length + line.length <= MAX_TOGETHER) {
        parts[parts.length - 1] = last + line
      } else parts.push(line)
      if (state !== 'idle') return
      state = 'due'
      setImmediate(writeNext)
    },
  }
}

/**
 * Opens a pipe or a terminal anew, so that writing to it never waits, whatever other processes that have
 * the same one do with theirs.
 */
function openStandardError(): number {
  // To be asked for is what makes a socket, or a pipe, one that never waits: for the last words of Node
  // itself, too.
  void process.stderr
  const kind = fstatSync(STANDARD_ERROR)
  if (!kind.isFIFO() && !kind.isCharacterDevice()) return STANDARD_ERROR
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
    return openSync(`/proc/self/fd/${STANDARD_ERROR}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    // Another account's terminal, or no Linux.
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
