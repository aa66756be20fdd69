import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { createItemAddresses } from '../base-path.ts'
import { createStateReader } from '../library-state.ts'
import { createListAnswers } from './list-answers.ts'
import { createListReader } from './list-reader.ts'

setFlagsFromString('--expose-gc')
const collect: NodeJS.GCFunction = runInNewContext('gc')
const MEBIBYTE = 1024 * 1024

it('keeps little of many long addresses, asked for once or again', async () => {
  const database = await openTemporaryDatabase()
  const readState = createStateReader(database)
  const answer = createListAnswers(
    createListReader(database, readState),
    readState,
    createItemAddresses(''),
    () => {},
  )
  const held = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = held()
  for (let count = 0; count < 5000; count++) {
    // Made of bytes, as those of requests: a text that is put together keeps its parts.
    const url = Buffer.from(`/media?limit=1&${count}=${'x'.repeat(15_000)}`).toString('latin1')
    const request = { url, headers: {} } as IncomingMessage
    for (let again = 0; again < 2; again++) await answer(request, { limit: '1' })
  }
  const more = held() - before
  // What is kept goes with who keeps it, so that must be there until here.
  await answer({ url: '/media', headers: {} } as IncomingMessage, {})
  // Of 75 MB of addresses.
  expect(more / MEBIBYTE).toBeLessThan(30)
})
