const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 }
type StopSignal = keyof typeof EXIT_CODES

/**
 * Runs work that SIGINT and SIGTERM abort. A second signal ends the process at once.
 *
 * @param work resolves with the exit code, or rejects when its signal is aborted
 * @param advice printed after a stop
 * @returns the exit code
 */
export async function runStoppable(
  work: (signal: AbortSignal) => Promise<number>,
  advice: string,
): Promise<number> {
  const stopping = new AbortController()
  let signalled: StopSignal | undefined
  const stop = (signal: StopSignal) => {
    signalled ??= signal
    stopping.abort()
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await work(stopping.signal)
  } catch (error) {
    if (!signalled) throw error
    console.error(`Stopped by ${signalled}. ${advice}`)
    return EXIT_CODES[signalled]
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}
