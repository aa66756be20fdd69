import { clearLine, cursorTo } from 'node:readline'
import { MultiBar, Presets } from 'cli-progress'

/** How often a line shows the progress where no bar can be drawn. */
const LINE_MS = 10_000

/** Shows the progress of a command on standard error. Its results go to standard output. */
export interface Progress {
  /** Sets how many things there are, as far as is known. */
  setTotal(total: number): void
  advance(): void
  /** Prints a line of the command's result above the bar. Escapes control characters. */
  print(line: string): void
  /** Ends the bar. */
  stop(): void
}

/**
 * Shows a bar on a terminal, and elsewhere a plain line every ten seconds.
 * @param things the counted things, in the plural: `files`
 */
export function startProgress(things: string): Progress {
  return process.stderr.isTTY ? startBar(things) : startLines(things)
}

/** Counts progress. More things may arrive meanwhile, so the total is never below the value. */
export function createCount() {
  let value = 0
  let known = 0
  const total = () => (known > 0 ? Math.max(known, value) : 0)
  return {
    value: () => value,
    total,
    setTotal(count: number) {
      known = count
    },
    advance() {
      value += 1
    },
    /** `12 of 100`, or `12` if the total is unknown. */
    tell: () => (known > 0 ? `${value} of ${total()}` : `${value}`),
  }
}

function startBar(things: string): Progress {
  // Not SingleBar: at its end it moves the cursor back to where the bar began, over all lines printed
  // meanwhile.
  const bars = new MultiBar(
    {
      format: ` {bar} {percentage}% | {value}/{total} ${things} | {eta_formatted} left`,
      barsize: 30,
      emptyOnZero: true,
      clearOnComplete: true,
      // The terminal must still wrap lines, because long lines are printed meanwhile.
      linewrap: true,
      forceRedraw: true,
      // The command itself handles signals.
      gracefulExit: false,
      etaBuffer: 100,
    },
    Presets.shades_classic,
  )
  const bar = bars.create(0, 0)
  const count = createCount()
  const show = () => {
    bar.setTotal(count.total())
    bar.update(count.value())
  }
  return {
    setTotal(total) {
      count.setTotal(total)
      show()
    },
    advance() {
      count.advance()
      show()
    },
    print(line) {
      clearLine(process.stderr, 0)
      cursorTo(process.stderr, 0)
      console.log(printable(line))
    },
    stop: () => bars.stop(),
  }
}

function startLines(things: string): Progress {
  const count = createCount()
  let told = 0
  const timer = setInterval(() => {
    if (count.value() === told) return
    told = count.value()
    console.error(`${count.tell()} ${things}`)
  }, LINE_MS)
  return {
    setTotal: count.setTotal,
    advance: count.advance,
    print: (line) => console.log(printable(line)),
    stop: () => clearInterval(timer),
  }
}

/** Control characters in names must not steer the terminal. */
export const printable = (line: string): string =>
  line.replace(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
