/**
 * Loaded into a server before the program (`node --import`). At SIGUSR2 it writes the files of `src` in
 * which a function was called since the last signal, one a line, to the file that `BENCH_ENTERED` names.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'

const file = process.env.BENCH_ENTERED ?? ''
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
process.on('SIGUSR2', () => {
  session.post('Profiler.takePreciseCoverage', (_error, { result }) => {
    const entered = result
      .filter(({ url }) => url.startsWith('file:') && url.includes('/src/'))
      // The first function is the module itself, which runs on import.
      .filter(({ functions }) => functions.slice(1).some(({ ranges }) => ranges[0]?.count))
      .map(({ url }) => url.slice(url.indexOf('/src/') + 1))
    writeFileSync(`${file}.part`, entered.sort().join('\n'))
    renameSync(`${file}.part`, file)
  })
})
