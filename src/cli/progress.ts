import { clearLine, cursorTo } from 'node:readline'
import { Presets, SingleBar } from 'cli-progress'

/** How often a line tells how far it is where no bar can be drawn. */
const LINE_MS = 10_000

/** How far a command is, on standard error; what it finds goes to standard output. */
export interface Progress {
  /** How many there are, as far as is known yet. */
  setTotal(total: number): void
  advance(): void
  /** Prints a line of the command's result, clear of the bar. */
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

function startBar(things: string): Progress {
  const bar = new SingleBar(
    {
      format: ` {bar} {percentage}% | {value}/{total} ${things} | {eta_formatted} left`,
      clearOnComplete: true,
      forceRedraw: true,
      // A signal is for the command to act upon.
      gracefulExit: false,
      etaBuffer: 100,
    },
    Presets.shades_classic,
  )
  bar.start(0, 0)
  return {
    setTotal: (total) => bar.setTotal(total),
    advance: () => bar.increment(),
    print(line) {
      clearLine(process.stderr, 0)
      cursorTo(process.stderr, 0)
      console.log(line)
    },
    stop: () => bar.stop(),
  }
}

function startLines(things: string): Progress {
  let value = 0
  let total = 0
  let told = 0
  const timer = setInterval(() => {
    if (value === told) return
    told = value
    console.error(total > 0 ? `${value} of ${total} ${things}` : `${value} ${things}`)
  }, LINE_MS)
  return {
    setTotal: (known) => {
      total = known
    },
    advance: () => {
      value += 1
    },
    print: (line) => console.log(line),
    stop: () => clearInterval(timer),
  }
}
