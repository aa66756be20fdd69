import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePng } from './fixtures.ts'
import { type Client, runCli, type Server, signIn, startServer } from './harness.ts'

let server: Server
let client: Client
let seed = 0
const nextImage = () => makePng({ seed: ++seed })

beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(() => server.stop())

/** Adds, edits, shows and deletes items repeatedly until the signal is aborted. */
async function keepBusy(signal: AbortSignal): Promise<number> {
  let rounds = 0
  for (; !signal.aborted; rounds++) {
    const { id, urls } = (await client.add('Passing', ['by'], await nextImage())).body.media
    const answers = await Promise.all([
      client.get(urls.high),
      client.post(`/media/edit/${id}`, { name: 'Edited', tags: [] }),
      client.add('Staying', [], await nextImage()),
    ])
    answers.push(await client.delete(`/media/delete/${id}`))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  }
  return rounds
}

describe('doctor beside a running server', () => {
  it('finds nothing while images are added and deleted', async () => {
    const stopping = new AbortController()
    const busy = Promise.all([keepBusy(stopping.signal), keepBusy(stopping.signal)])
    try {
      for (const args of [[], ['--repair'], ['--quick'], ['--repair']]) {
        const { code, stdout, stderr } = await runCli(server.data, ['doctor', ...args])
        expect(stdout).toMatch(/\d objects checked: nothing found\n$/)
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      }
    } finally {
      stopping.abort()
    }
    for (const rounds of await busy) expect(rounds).toBeGreaterThan(1)
  })

  it('repairs an image that the server could not find', async () => {
    const { id, urls } = (await client.add('Wanted', [], await nextImage())).body.media
    const database = new DatabaseSync(join(server.data, 'vitrine.db'), { readOnly: true })
    const rows = database
      .prepare('SELECT v.key FROM variants v JOIN media m USING (file_id) WHERE m.id = ?')
      .all(id)
    database.close()
    // The image was not requested before: the server would go on sending a cached one.
    const path = join(server.data, 'files', String(rows[0]?.key))
    const before = await readFile(path)
    await rm(path)
    expect((await client.get(urls.scaled)).status).toBe(500)

    const report = await runCli(server.data, ['doctor'])
    expect(report).toMatchObject({ code: 1, stdout: expect.stringContaining('1 found') })
    expect(report.stdout).toContain(`The scaled image of item ${id} "Wanted" is missing`)
    const repair = await runCli(server.data, ['doctor', '--repair'])
    expect(repair).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 found, 1 repaired'),
    })
    const after = await client.get(urls.scaled)
    expect(after.status).toBe(200)
    expect(after.bytes).toEqual(before)
    expect(await runCli(server.data, ['doctor'])).toMatchObject({ code: 0 })
  })
})
