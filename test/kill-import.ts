/**
 * For tests, loaded into a process before the program (`node --import`): kills it before the call to
 * the file system that is the `KILL_AT_STEP`th of those that matter to durability.
 */
import { interceptFileSystem } from '../src/storage/journal/intercept.fixture.ts'

let steps = 0
await interceptFileSystem(() => {
  steps += 1
  if (steps === Number(process.env.KILL_AT_STEP)) process.kill(process.pid, 'SIGKILL')
})
