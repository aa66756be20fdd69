import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { createItemAddresses } from '../item.ts'
import { createStateReader } from '../library-state.ts'
import { createListAnswers } from './list-answers.ts'
import { createListReader } from './list-reader.ts'

setFlagsFromString('--expose-gc')
const collect: NodeJS.GCFunction = runInNewContext('gc')
const MEBIBYTE = 1024 * 1024

it('keeps little memory for many long URLs, requested once or twice', async () => {
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
    // Decoded from bytes, like the URL of a request: a concatenated string would keep its parts.
    const url = Buffer.from(`/media?limit=1&${count}=${'x'.repeat(15_000)}`).toString('latin1')
    const request = { url, headers: {} } as IncomingMessage
    for (let again = 0; again < 2; again++) await answer(request, { limit: '1' })
  }
  const more = held() - before
  // Uses `answer` once more: without it, its memory could be collected before it is measured.
  await answer({ url: '/media', headers: {} } as IncomingMessage, {})
  // All URLs together take 75 MB.
  expect(more / MEBIBYTE).toBeLessThan(30)
})
