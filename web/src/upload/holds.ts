/** Reason why no new upload starts. */
export type Hold = 'session' | 'offline' | 'unreachable' | 'busy' | 'paused'

/** Order in which holds are reported: those that need the user come first. */
const ORDER: readonly Hold[] = ['session', 'offline', 'unreachable', 'busy', 'paused']

const FIRST_PROBE_MS = 2_000
const MAX_PROBE_MS = 30_000

interface HoldsOptions {
  /** Whether the server answers. */
  probe: () => Promise<boolean>
  onChange: () => void
}

/** Keeps the reasons to wait, and ends the temporary ones by itself. */
export function createHolds({ probe, onChange }: HoldsOptions) {
  const holds = new Set<Hold>()
  let busyTimer: ReturnType<typeof setTimeout> | undefined
  let probeTimer: ReturnType<typeof setTimeout> | undefined

  const set = (hold: Hold, isHeld: boolean) => {
    if (holds.has(hold) === isHeld) return
    if (isHeld) holds.add(hold)
    else holds.delete(hold)
    onChange()
  }

  /** Probes the server, and doubles the interval after each failure up to `MAX_PROBE_MS`. */
  const probeAfter = (milliseconds: number) => {
    clearTimeout(probeTimer)
    probeTimer = setTimeout(async () => {
      if (await probe()) set('unreachable', false)
      else if (holds.has('unreachable')) probeAfter(Math.min(milliseconds * 2, MAX_PROBE_MS))
    }, milliseconds)
  }

  return {
    first: (): Hold | undefined => ORDER.find((hold) => holds.has(hold)),
    has: (hold: Hold) => holds.has(hold),
    set,
    waitWhileBusy: (seconds: number) => {
      set('busy', true)
      clearTimeout(busyTimer)
      busyTimer = setTimeout(() => set('busy', false), seconds * 1000)
    },
    waitForServer: () => {
      if (holds.has('unreachable')) return
      set('unreachable', true)
      probeAfter(FIRST_PROBE_MS)
    },
    /** For a user who does not want to wait: ends the busy hold, and probes the server at once. */
    tryNow: () => {
      clearTimeout(busyTimer)
      set('busy', false)
      if (holds.has('unreachable')) probeAfter(0)
    },
  }
}
