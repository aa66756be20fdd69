/**
 * For tests: a process that adds an object to the library or deletes one, and kills itself at a given step.
 * A step is a call to the file system, or the start or end of a write transaction.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { openDatabase } from '../../database/open.ts'
import { openDiskStorage } from '../disk.ts'
import { newKey } from '../storage.ts'
import { interceptFileSystem } from './intercept.fixture.ts'
import { fileRow } from './journal.fixture.ts'
import { openJournal } from './journal.ts'

const [, , data = '', scenario, fatalStep] = process.argv
const database = await openDatabase(join(data, 'library.db'))
const storage = await openDiskStorage(join(data, 'files'))

let steps = 0
let counting = false
const step = () => {
  if (counting && ++steps === Number(fatalStep)) process.kill(process.pid, 'SIGKILL')
}
await interceptFileSystem(step)
type Write = typeof database.write
const stepping =
  (run: Write): Write =>
  async (work) => {
    step()
    const result = await run(work)
    step()
    return result
  }
const write = stepping(database.write)
const writeConcurrently = stepping(database.writeConcurrently)

const journal = await openJournal({
  database: { ...database, write, writeConcurrently },
  storage,
  log: pino({ level: 'silent' }),
})
const key = newKey('originals', 'jpg')
const source = join(data, 'source')
await writeFile(source, 'some bytes')

async function add() {
  await journal.record([key])
  await storage.put(key, source, { isSpent: true })
  await write(async (trx) => {
    await trx.insertInto('files').values(fileRow(key)).execute()
    await journal.take(trx, [key])
  })
}

async function remove() {
  const condemned = await write(async (trx) => {
    await trx.deleteFrom('files').where('key', '=', key).execute()
    return journal.condemn(trx, [key])
  })
  await journal.removeCondemned(condemned)
  // The rest would follow a second later; closing does it now.
  await journal.close()
}

if (scenario === 'add') {
  counting = true
  await add()
} else {
  await add()
  counting = true
  await remove()
}
// Written only at the end. The journal of an add stays open, like after a kill at the last step.
process.stdout.write('done')
process.exit()
