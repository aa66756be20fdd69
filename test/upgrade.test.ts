import { sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import { makePng } from './fixtures.ts'
import { runCli, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'

it('a running server keeps working after a newer version has migrated its tables, but its version cannot start there', async () => {
  const server = await startServer()
  onTestFinished(() => server.kill())
  const client = await signIn(server)
  const { media } = (await client.add('Before', ['tag'], await makePng())).body

  // Like every migration, this one only adds.
  const database = await openDatabase(await locateDatabase(server.data))
  await database.write(async (trx) => {
    await sql`ALTER TABLE media ADD COLUMN future TEXT`.execute(trx)
    await sql`CREATE TABLE futures (id INTEGER PRIMARY KEY)`.execute(trx)
    await sql`
      INSERT INTO kysely_migration (name, timestamp)
      VALUES ('9999-future', '2099-01-01T00:00:00.000Z')`.execute(trx)
  })
  await database.close()

  const edit = { name: 'After', tags: ['tag', 'more'] }
  expect((await client.post(`/media/edit/${media.id}`, edit)).body.media).toMatchObject(edit)
  const added = await client.add('New', ['tag'], await makePng({ seed: 2 }))
  expect(added.status).toBe(200)
  expect((await client.list('?search=after')).body.media).toHaveLength(1)
  expect((await client.get(`/media/image/${media.id}/high`)).status).toBe(200)
  expect((await client.delete(`/media/delete/${media.id}`)).status).toBe(200)
  expect((await client.list()).body.media).toEqual([added.body.media])
  expect((await client.get('/health/ready')).status).toBe(200)

  const older = await runCli(server.data, ['serve'])
  expect(older).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'The database was last opened by a newer version of Vitrine; start that one.\n',
  })
  expect(await server.stop()).toBe(0)
})
