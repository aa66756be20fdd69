import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { openLibrary } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { Database } from '../src/database/database.ts'
import { createIncomingFile } from '../src/http/body/incoming-file.ts'
import { createAdder } from '../src/media/change/add-many.ts'
import { makePng } from './fixtures.ts'
import { makeDataFolder } from './harness.ts'

it('adds images one by one when their batch fails, and logs the reason', async () => {
  const logged: { msg: string; err?: { message: string } }[] = []
  const log = pino({ level: 'warn' }, { write: (line) => logged.push(JSON.parse(line)) })
  const config = readConfig({ VITRINE_DATA: makeDataFolder(), VITRINE_IMAGE_WORKERS: '1' })
  const library = await openLibrary(config, log)
  onTestFinished(() => library.close())
  let isFirst = true
  const write: Database['write'] = (work) => {
    if (!isFirst) return library.database.write(work)
    isFirst = false
    return Promise.reject(new Error('a fault of the batch'))
  }
  const add = createAdder({ ...library, database: { ...library.database, write } })

  const incoming = createIncomingFile(library.temporary.newFile, 1_000_000)
  await incoming.write(await makePng())
  const image = await incoming.finish()
  if (!image) throw new Error('There are no bytes.')
  await add({ name: 'One', tags: [], image })

  const { read } = library.database
  expect(await read.selectFrom('media').select('name').execute()).toEqual([{ name: 'One' }])
  expect(logged).toMatchObject([
    { msg: 'Images could not be added together', err: { message: 'a fault of the batch' } },
  ])
})
