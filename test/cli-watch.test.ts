import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { cutShort, makeJpeg, makePng } from './fixtures.ts'
import { type Client, runCli, type Server, signIn, startCli, startServer } from './harness.ts'
import { folder, put, renewFolder } from './import-steps.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(async () => {
  await expectConsistent(server.data)
  expect(await server.stop()).toBe(0)
})
beforeEach(renewFolder)

/** Starts `vitrine import --watch`. `printed` resolves once its output holds all of the texts. */
async function watch(...flags: string[]) {
  const { process, ended } = await startCli(server.data, ['import', '--watch', ...flags, folder])
  onTestFinished(() => void process.kill('SIGKILL'))
  let output = ''
  process.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const printed = async (...texts: string[]) => {
    while (process.stdout && !texts.every((text) => output.includes(text))) {
      await once(process.stdout, 'data')
    }
  }
  return { process, ended, printed }
}

const filesIn = (path: string) =>
  readdirSync(join(folder, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, path).length + 1))
    .sort()

describe('a watched folder', () => {
  it('has its files added and moved, and ends cleanly; a later watch goes on', async () => {
    await put('Japan/there.png', await makePng({ seed: 801 }))
    await put('@eaDir/there.png/thumb.jpg', await makeJpeg({ seed: 802 }))
    const first = await watch('--move')
    await first.printed('Watching ')
    await put('later.jpg', await makeJpeg({ seed: 803 }))
    await put('cut.png', cutShort(await makePng({ seed: 804 })))
    const path = (name: string) => join(folder, name)
    await first.printed(
      `added  ${path('Japan/there.png')}`,
      `added  ${path('later.jpg')}`,
      `refused  ${path('cut.png')}: `,
    )
    first.process.kill('SIGTERM')
    const { code, stderr } = await first.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(filesIn('imported')).toEqual(['Japan/there.png', 'later.jpg'])
    expect(filesIn('refused')).toEqual(['cut.png', 'cut.png.txt'])
    expect(readFileSync(path('refused/cut.png.txt'), 'utf8')).toMatch(/damaged or cut short/)
    expect(filesIn('@eaDir')).toEqual(['there.png/thumb.jpg'])

    // What came between two watches, one with bytes that the library has.
    await put('between.png', await makePng({ seed: 805 }))
    await put('again.jpg', await makeJpeg({ seed: 803 }))
    const second = await watch('--move')
    await second.printed(`added  ${path('between.png')}`, `known  ${path('again.jpg')}`)
    second.process.kill('SIGINT')
    expect((await second.ended).code).toBe(0)
    expect(filesIn('imported')).toEqual([
      'Japan/there.png',
      'again.jpg',
      'between.png',
      'later.jpg',
    ])
    const { media } = (await client.list('?order=name-asc')).body
    expect(media.map(({ name, tags }) => [name, tags])).toEqual([
      ['between', []],
      ['later', []],
      ['there', ['Japan']],
    ])
  })

  it('has files taken with their sidecars, which go along', async () => {
    const sidecar = (rating: number) =>
      Buffer.from(
        `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="${rating}"/></rdf:RDF></x:xmpmeta>`,
      )
    const { process, ended, printed } = await watch('--move')
    await printed('Watching ')
    // The sidecar before its image, after it, and one that a raw file has too.
    await put('first.xmp', sidecar(1))
    await put('first.png', await makePng({ seed: 821 }))
    await put('then.png', await makePng({ seed: 822 }))
    await put('then.png.XMP', sidecar(2))
    await put('both.png', await makePng({ seed: 823 }))
    await put('both.CR2', Buffer.from('II*\0no raw image of ours'))
    await put('both.xmp', sidecar(3))
    await put('bad.png', await makePng({ seed: 824 }))
    await put('bad.xmp', Buffer.from('nothing'))
    await put('lone.xmp', sidecar(4))
    await printed(
      ...['first.png', 'then.png', 'both.png', 'bad.png'].map(
        (name) => `added  ${join(folder, name)}`,
      ),
      `refused  ${join(folder, 'both.CR2')}`,
      `unread  ${join(folder, 'bad.xmp')}: It is no XMP document. Its image was added without it.`,
    )
    process.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
    expect(filesIn('')).toEqual(
      [
        'lone.xmp',
        ...['bad.png', 'bad.xmp', 'both.png', 'both.xmp', 'first.png', 'first.xmp'].map(
          (name) => `imported/${name}`,
        ),
        ...['then.png', 'then.png.XMP'].map((name) => `imported/${name}`),
        ...['both.CR2', 'both.CR2.txt', 'both.xmp'].map((name) => `refused/${name}`),
      ].sort(),
    )
    const { media } = (await client.list('?order=name-asc&minRating=1')).body
    expect(media.map(({ name, rating }) => [name, rating])).toEqual([
      ['both', 3],
      ['first', 1],
      ['then', 2],
    ])
  })

  it('keeps its files without --move, and takes them again when they change', async () => {
    const { process, ended, printed } = await watch()
    const bytes = await makePng({ seed: 810 })
    await put('slow.png', cutShort(bytes))
    await printed(`refused  ${join(folder, 'slow.png')}: `)
    appendFileSync(join(folder, 'slow.png'), bytes.subarray(cutShort(bytes).length))
    await printed(`added  ${join(folder, 'slow.png')}`)
    process.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    expect(filesIn('')).toEqual(['slow.png'])
  })

  it('is needed for --move', async () => {
    expect(await runCli(server.data, ['import', '--move', folder])).toEqual({
      code: 1,
      stdout: '',
      stderr: '--move needs --watch.\n',
    })
  })
})
