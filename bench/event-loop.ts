/**
 * For benchmarks, loaded into a server before the program (`node --import`). At SIGUSR2 it writes the
 * longest block of the event loop since the last signal, in milliseconds, to the file that
 * `BENCH_EVENT_LOOP` names.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const file = process.env.BENCH_EVENT_LOOP ?? ''
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
process.on('SIGUSR2', () => {
  writeFileSync(`${file}.part`, String(delay.max / 1e6))
  renameSync(`${file}.part`, file)
  delay.reset()
})
