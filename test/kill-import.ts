/**
 * For tests, loaded into a process before the program (`node --import`). Kills the process before the file
 * system call with the number `KILL_AT_STEP`, counting the calls that matter for durability.
 */
import { interceptFileSystem } from '../src/storage/journal/intercept.fixture.ts'

let steps = 0
await interceptFileSystem(() => {
  steps += 1
  if (steps === Number(process.env.KILL_AT_STEP)) process.kill(process.pid, 'SIGKILL')
})
