import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { cutShort, makeGifBomb, makeHtml, makeJpeg, makePng, makeSvg } from './fixtures.ts'
import { makeDataFolder, runCli, signIn, startServer } from './harness.ts'
import { expectSound, folder, put, putImages, renewFolder, runImport } from './import-steps.ts'

beforeEach(renewFolder)

describe('an import', () => {
  it('refuses the same files as the server, with the same text', async () => {
    const server = await startServer()
    onTestFinished(() => server.kill())
    const client = await signIn(server)
    const refused = {
      'half.jpg': cutShort(await makeJpeg()),
      'bomb.gif': makeGifBomb(),
      'text.jpg': Buffer.from('just text'),
      'page.png': makeHtml(),
      'drawing.png': cutShort(makeSvg()),
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

  it('reports files that it cannot read, and goes on', async () => {
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

  it('refuses a file above the size limit', async () => {
    await put('large.png', await makePng({ width: 300, height: 300 }))
    expect(await runImport(makeDataFolder(), { VITRINE_MAX_IMAGE_BYTES: '1000' })).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/The image has \d+ bytes; at most 1000 are allowed\.$/)],
    })
  })

  it('is never refused by its own queue', async () => {
    await putImages(12)
    const settings = { VITRINE_IMAGE_QUEUE: '0', VITRINE_IMAGE_PIXELS_IN_FLIGHT: '1' }
    expect(await runImport(makeDataFolder(), settings)).toMatchObject({
      code: 0,
      counts: '12 added, 0 already there, 0 refused, 0 failed',
    })
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
    { is: 'nothing', path: () => join(folder, 'nothing') },
    { is: 'a file', path: () => join(folder, 'file') },
  ])('of $is prints an error and creates no library', async ({ path }) => {
    await put('file', Buffer.from('x'))
    const data = join(makeDataFolder(), 'new')
    const { code, stdout, stderr } = await runCli(data, ['import', path()])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(path())
    expect(await runCli(data, ['user', 'list'])).toMatchObject({ code: 1 })
  })
})
