import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { findCommand, install } from './install.ts'

/** The path of exiftool on this machine, or undefined. */
export const findExiftool = () => findCommand('exiftool')

export const installExiftool = () =>
  install('exiftool for the tests of metadata', ['libimage-exiftool-perl'], () =>
    Boolean(findExiftool()),
  )

export interface Exiftool {
  /** Writes tags into a file: `-XMP-dc:Rights=…`. */
  write(path: string, tags: readonly string[]): Promise<void>
  /** The tags of a file by their group and name: `XMP-dc:Rights`. */
  read(path: string): Promise<Record<string, string | number | string[] | undefined>>
  /** Writes what a file says into an XMP sidecar. */
  writeSidecar(path: string, sidecar: string): Promise<void>
  stop(): Promise<void>
}

/** Starts exiftool once for many files: its start takes longer than its work. */
export function startExiftool(): Exiftool {
  const child = spawn(findExiftool() ?? 'exiftool', ['-stay_open', 'True', '-@', '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let last: Promise<unknown> = Promise.resolve()

  async function perform(args: readonly string[]): Promise<string> {
    for (const arg of [...args, '-execute']) {
      // An argument is a line. This prefix lets it have the escapes of C.
      const isLine = !arg.includes('\n')
      const escaped = isLine ? arg : `#[CSTR]${JSON.stringify(arg).slice(1, -1)}`
      child.stdin.write(`${escaped}\n`)
    }
    let answer = ''
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error('exiftool ended.')
      if (value === '{ready}') return answer
      answer += `${value}\n`
    }
  }

  function run(args: readonly string[]): Promise<string> {
    const turn = last.then(() => perform(args))
    last = turn.catch(() => {})
    return turn
  }

  return {
    async write(path, tags) {
      await run(['-m', '-overwrite_original', '-n', ...tags, path])
    },
    async read(path) {
      return JSON.parse(await run(['-json', '-n', '-G1', path]))[0]
    },
    async writeSidecar(path, sidecar) {
      await run(['-m', '-n', '-o', sidecar, path])
    },
    async stop() {
      child.stdin.end('-stay_open\nFalse\n')
      await ended
    },
  }
}
