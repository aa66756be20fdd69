import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLedger, startLoad } from '../ledger.ts'
import { canMount, makeDisk } from '../mounts.ts'
import { openMortalServer } from './mortal-server.ts'
import { type Row, summarize, type Times, withoutRoot } from './part.ts'

const CUTS = 100
const MEBIBYTES = 96
const MOST_ANSWERS = 20
const LONGEST_REST_MS = 60

export const missing = () => {
  if (withoutRoot() !== undefined) return withoutRoot()
  if (!canMount) return 'nothing can be mounted here'
  return spawnSync('perl', ['-v']).status === 0 ? undefined : 'there is no perl to call an ioctl'
}

/**
 * Cuts the power of a disk at random instants: its file system accepts no more writes, and all data that
 * was not flushed is lost.
 */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const disk = makeDisk(MEBIBYTES)
  // A machine without power would not have answered after the cut, so these responses are doubtful.
  const ledger = openLedger({ isDoubtful: (status) => status >= 500 })
  const mortal = await openMortalServer({ VITRINE_LOG_LEVEL: 'silent' }, disk.data)
  const recoveries: number[] = []
  const cuts = times(CUTS)
  try {
    for (let cut = 1; cut <= cuts; cut++) {
      const load = startLoad(mortal.client, ledger)
      await load.answered(Math.floor(Math.random() * MOST_ANSWERS))
      await sleep(Math.random() * LONGEST_REST_MS)
      disk.cutPower()
      await mortal.kill()
      await load.ended
      disk.unmount()
      const before = performance.now()
      disk.mount()
      await mortal.start()
      recoveries.push(performance.now() - before)
      await ledger.check(mortal.client)
      await mortal.expectConsistent()
    }
    await mortal.examine()
    await mortal.stop()
  } finally {
    await mortal.kill()
    disk.remove()
  }
  console.log(`  requests by answer: ${ledger.describe()}`)
  yield {
    fault: 'the power fails while three clients add, edit, delete and show images of any size',
    injected:
      'ext4 on a loop device is shut down without flushing (EXT4_IOC_SHUTDOWN) and mounted again',
    times: cuts,
    lost: 'nothing',
    recovery: summarize(recoveries),
  }
}
