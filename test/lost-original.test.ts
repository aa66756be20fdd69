import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { makeJpeg } from './fixtures.ts'
import { type Client, type Server, signIn, startServer } from './harness.ts'
import { loseObject } from './library-storage.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(() => server.stop())

it('an upload of the same bytes restores a lost original', async () => {
  const image = await makeJpeg()
  const { media } = (await client.add('First', [], image)).body
  await loseObject(server.data, media.path)
  expect(await client.get(`/media/original/${media.id}`)).toMatchObject({ status: 500 })

  const again = await client.add('Second', [], image)
  expect(again.body).toMatchObject({ code: 200, duplicates: [media.id] })
  for (const id of [media.id, again.body.media.id]) {
    const { bytes } = await client.get(`/media/original/${id}`)
    expect(bytes.equals(image)).toBe(true)
  }

  expect(Object.keys((await expectConsistent(server.data)).stored)).toHaveLength(2)
})
