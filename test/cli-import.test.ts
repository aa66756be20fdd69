import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import { countRows } from '../src/transfer/contents.ts'
import { expectConsistent } from './consistency.ts'
import { makeJpeg, makePng } from './fixtures.ts'
import {
  type Client,
  makeDataFolder,
  runCli,
  type Server,
  signIn,
  startCli,
  startServer,
} from './harness.ts'
import { expectSound, folder, put, putImages, renewFolder, runImport } from './import-steps.ts'
import { locateDatabase } from './postgres.ts'

beforeEach(renewFolder)

describe('an import beside a running server', () => {
  let server: Server
  let client: Client
  beforeEach(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterEach(() => server.stop())

  it('adds each file below the folder once, with its name and tags', async () => {
    await put('top.jpg', await makeJpeg())
    await put('2024, summer/Tokyo/tower at night.png', await makePng())
    await put('2024, summer/Tokyo/the same.png', await makePng())
    await put('2024, summer/.hidden/hidden.png', await makePng({ seed: 9 }))
    expect(await runImport(server.data)).toEqual({
      code: 0,
      counts: '2 added, 1 already there, 0 refused, 0 failed',
      lines: [],
      stderr: '',
    })

    const { media } = (await client.list('?order=added-asc')).body
    const shown = media.map(({ name, tags }) => ({ name, tags }))
    expect(shown).toHaveLength(2)
    expect(shown).toContainEqual({ name: 'top', tags: [] })
    expect(shown).toContainEqual({
      name: expect.stringMatching(/^tower at night$|^the same$/),
      tags: ['2024', 'summer', 'Tokyo'],
    })
    for (const { urls } of media) expect((await client.get(urls.high)).status).toBe(200)
    expect((await client.list('?search=summer')).body.to).toBe(1)

    // Images that were added over HTTP are recognised too.
    await client.add('by HTTP', [], await makeJpeg({ seed: 5 }))
    await put('late.jpg', await makeJpeg({ seed: 5 }))
    await put('later.jpg', await makeJpeg({ seed: 6 }))
    expect(await runImport(server.data)).toMatchObject({
      code: 0,
      counts: '1 added, 4 already there, 0 refused, 0 failed',
    })
    await expectSound(server.data)
  })

  it('continues after a kill at any step, and adds nothing twice', async () => {
    await putImages(6)
    let runs = 0
    // With a bucket, fewer of the steps are on the disk of this machine.
    for (let step = 5; ; step += 59) {
      const { code } = await runImport(server.data, {
        NODE_OPTIONS: `--import ${join(import.meta.dirname, 'kill-import.ts')}`,
        KILL_AT_STEP: String(step),
      })
      runs += 1
      if (code === 0) break
      expect(code).toBeNull()
    }
    expect(runs).toBeGreaterThan(2)
    const { media } = (await client.list()).body
    expect(media.map(({ name }) => name).sort()).toEqual(
      [1, 2, 3, 4, 5, 6].map((seed) => `image ${seed}`),
    )
    await expectSound(server.data)
  })
})

describe('an import', () => {
  it('creates a library if there is none, and leaves out the folder of the library', async () => {
    await putImages(2)
    const data = join(folder, 'data')
    expect(await runImport(data)).toMatchObject({ code: 0, counts: /^2 added/ })
    expect(await runImport(data)).toMatchObject({ counts: /^0 added, 2 already/ })
    const inside = await runCli(data, ['import', join(data, 'tmp')])
    expect(inside).toMatchObject({ code: 1, stderr: expect.stringContaining('library itself') })
  })

  it('adds nothing twice when two imports run at once', async () => {
    await putImages(12)
    const data = makeDataFolder()
    const runs = await Promise.all([runImport(data), runImport(data)])
    const added = runs.map(({ counts }) => Number(/^(\d+) added/.exec(counts ?? '')?.[1]))
    expect(added[0] ?? 0).toBe(12 - (added[1] ?? 0))
    expect((await expectConsistent(data)).media).toHaveLength(12)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('finishes the started files at %s, and continues later', async (signal, exitCode) => {
    await putImages(40)
    const data = makeDataFolder()
    const database = await openDatabase(await locateDatabase(data))
    const running = await startCli(data, ['import', folder])
    while ((await countRows(database.read, 'media')) === 0) await sleep(10)
    await database.close()
    // Like Ctrl-C, the signal also reaches the image workers.
    process.kill(-Number(running.process.pid), signal)
    const { code, stderr } = await running.ended
    expect(code).toBe(exitCode)
    expect(stderr).toContain(`Stopped by ${signal}. Run it again to go on.`)

    const added = (await expectConsistent(data)).media.length
    expect(added).toBeGreaterThan(0)
    expect(added).toBeLessThan(40)
    expect(await runImport(data)).toMatchObject({
      code: 0,
      counts: `${40 - added} added, ${added} already there, 0 refused, 0 failed`,
    })
    await expectSound(data)
  })
})
