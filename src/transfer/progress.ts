import { clearLine, cursorTo } from 'node:readline'
import { MultiBar, Presets } from 'cli-progress'

/** How often a line tells how far it is where no bar can be drawn. */
const LINE_MS = 10_000

/** How far a command is, on standard error; what it finds goes to standard output. */
export interface Progress {
  /** How many there are, as far as is known yet. */
  setTotal(total: number): void
  advance(): void
  /** Prints a line of the command's result, clear of the bar, its control characters escaped. */
  print(line: string): void
  /** Ends the bar. */
  stop(): void
}

/**
 * A bar on a terminal, and otherwise a plain line now and then.
 * @param things what is counted: `files`
 */
export function startProgress(things: string): Progress {
  return process.stderr.isTTY ? startBar(things) : startLines(things)
}

/** How far it is. Of what grows meanwhile, never more than there are. */
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
    /** `12 of 100`, or `12` if nobody knows of how many. */
    tell: () => (known > 0 ? `${value} of ${total()}` : `${value}`),
  }
}

function startBar(things: string): Progress {
  // Not SingleBar, which goes back at its end to where the cursor was at its start, over all lines
  // printed meanwhile.
  const bars = new MultiBar(
    {
      format: ` {bar} {percentage}% | {value}/{total} ${things} | {eta_formatted} left`,
      barsize: 30,
      emptyOnZero: true,
      clearOnComplete: true,
      // The terminal goes on wrapping: long lines are printed meanwhile.
      linewrap: true,
      forceRedraw: true,
      // A signal is for the command to act upon.
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

/** What a name holds must not steer the terminal. */
const printable = (line: string): string =>
  line.replace(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
