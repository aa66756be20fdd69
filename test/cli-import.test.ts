import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countRows } from '../src/cli/transfer/contents.ts'
import { openDatabase } from '../src/database/database.ts'
import { expectConsistent } from './consistency.ts'
import { cutShort, makeGifBomb, makeHtml, makeJpeg, makePng, makeSvg } from './fixtures.ts'
import {
  type Client,
  makeDataFolder,
  runCli,
  type Server,
  signIn,
  startCli,
  startServer,
} from './harness.ts'
import { locateDatabase, onPostgres } from './postgres.ts'

let folder: string
beforeEach(() => {
  folder = makeDataFolder()
})

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

/** Different images in some folders. */
async function putImages(count: number): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    await put(`folder ${seed % 3}/image ${seed}.png`, await makePng({ seed }))
  }
}

/** The last line, and the exit code. */
async function runImport(data: string, settings: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runCli(data, ['import', folder], { settings })
  const lines = stdout.trimEnd().split('\n')
  return { code, counts: lines.pop(), lines, stderr }
}

async function expectSound(data: string): Promise<void> {
  await expectConsistent(data)
  expect(await runCli(data, ['doctor'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing found'),
  })
}

describe('an import beside a running server', () => {
  let server: Server
  let client: Client
  beforeEach(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterEach(() => server.stop())

  it('adds what is below the folder, once, with names and tags', async () => {
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

    // What came over HTTP is known as well.
    await client.add('by HTTP', [], await makeJpeg({ seed: 5 }))
    await put('late.jpg', await makeJpeg({ seed: 5 }))
    await put('later.jpg', await makeJpeg({ seed: 6 }))
    expect(await runImport(server.data)).toMatchObject({
      code: 0,
      counts: '1 added, 4 already there, 0 refused, 0 failed',
    })
    await expectSound(server.data)
  })

  it('refuses what the server refuses, in the same words', async () => {
    const refused = {
      'half.jpg': cutShort(await makeJpeg()),
      'bomb.gif': makeGifBomb(),
      'text.jpg': Buffer.from('just text'),
      'page.png': makeHtml(),
      'drawing.png': makeSvg(),
    }
    const details: string[] = []
    for (const [name, bytes] of Object.entries(refused)) {
      await put(`a/${name}`, bytes)
      const { status, body } = await client.add(name, [], bytes)
      expect(status).toBe(500)
      details.push(`refused  ${join(folder, 'a', name)}: ${body.detail}`)
    }
    await put('fine.jpg', await makeJpeg())
    const { code, counts, lines } = await runImport(server.data)
    expect(lines.sort()).toEqual(details.sort())
    expect({ code, counts }).toEqual({
      code: 1,
      counts: '1 added, 0 already there, 5 refused, 0 failed',
    })
    await expectSound(server.data)
  })

  it('goes on where it was killed, at any step, and doubles nothing', async () => {
    await putImages(6)
    let runs = 0
    // In a bucket less happens on the disk of this machine.
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
  it('makes a library where there is none, and leaves its own folder alone', async () => {
    await putImages(2)
    const data = join(folder, 'data')
    expect(await runImport(data)).toMatchObject({ code: 0, counts: /^2 added/ })
    expect(await runImport(data)).toMatchObject({ counts: /^0 added, 2 already/ })
    const inside = await runCli(data, ['import', join(data, 'tmp')])
    expect(inside).toMatchObject({ code: 1, stderr: expect.stringContaining('library itself') })
  })

  it('says what it could not read, and goes on', async () => {
    await putImages(1)
    await symlink('gone.png', join(folder, 'dangling \u001b[31m.png'))
    await put('empty.png', Buffer.alloc(0))
    const { code, counts, lines } = await runImport(makeDataFolder())
    expect({ code, counts }).toEqual({
      code: 1,
      counts: '1 added, 0 already there, 1 refused, 1 failed',
    })
    expect(lines.join('\n')).toMatch(/^failed {2}.*dangling \\u001b\[31m\.png: ENOENT/m)
    expect(lines.join('\n')).toMatch(/^refused {2}.*empty\.png: The file is empty\.$/m)
  })

  it('takes no file that is larger than the limit', async () => {
    await put('large.png', await makePng({ width: 300, height: 300 }))
    expect(await runImport(makeDataFolder(), { VITRINE_MAX_IMAGE_BYTES: '1000' })).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/The image has \d+ bytes; at most 1000 are allowed\.$/)],
    })
  })

  it('is never turned away by its own crowd', async () => {
    await putImages(12)
    const settings = { VITRINE_IMAGE_QUEUE: '0', VITRINE_IMAGE_PIXELS_IN_FLIGHT: '1' }
    expect(await runImport(makeDataFolder(), settings)).toMatchObject({
      code: 0,
      counts: '12 added, 0 already there, 0 refused, 0 failed',
    })
  })

  it('doubles nothing when it runs twice at once', async () => {
    await putImages(12)
    const data = makeDataFolder()
    const runs = await Promise.all([runImport(data), runImport(data)])
    const added = runs.map(({ counts }) => Number(/^(\d+) added/.exec(counts ?? '')?.[1]))
    expect(added[0] ?? 0).toBe(12 - (added[1] ?? 0))
    expect((await expectConsistent(data)).media).toHaveLength(12)
  })

  it('stops when the library cannot store anything', async () => {
    await putImages(12)
    const data = makeDataFolder()
    await mkdir(join(data, 'files'))
    await writeFile(join(data, 'files/originals'), 'no folder')
    const { code, counts, stderr } = await runImport(data)
    expect({ code, counts }).toEqual({
      code: 1,
      counts: '0 added, 0 already there, 0 refused, 0 failed',
    })
    expect(stderr).toMatch(
      /^The library cannot store images: .*ENOTDIR.* Run it again to go on\.$/m,
    )

    await rm(join(data, 'files/originals'))
    expect(await runImport(data)).toMatchObject({ code: 0, counts: /^12 added/ })
    await expectSound(data)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at %s with what it began, and goes on later', async (signal, exitCode) => {
    await putImages(40)
    const data = makeDataFolder()
    const database = await openDatabase(await locateDatabase(data))
    const running = await startCli(data, ['import', folder])
    while ((await countRows(database.read, 'media')) === 0) await sleep(10)
    await database.close()
    // As Ctrl-C does, it reaches the image workers as well.
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

  it.each([
    { is: 'nothing', path: () => join(folder, 'nothing') },
    { is: 'a file', path: () => join(folder, 'file') },
  ])('of $is says so, and makes no library', async ({ path }) => {
    await put('file', Buffer.from('x'))
    const data = join(makeDataFolder(), 'new')
    const { code, stdout, stderr } = await runCli(data, ['import', path()])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(path())
    // On a server there is a database already, or the command would say so.
    if (!onPostgres) expect(await runCli(data, ['user', 'list'])).toMatchObject({ code: 1 })
  })
})
