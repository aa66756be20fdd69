import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fold } from '../../src/base/fold.ts'
import { expectConsistent } from '../consistency.ts'
import { makePng } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { ALL_NAUGHTY } from '../hostile/naughty-strings.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(async () => {
  await expectConsistent(server.data)
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

/** Exactly one file name without folders, in plain ASCII and in the encoding of RFC 8187. */
const DISPOSITION = /^attachment; filename="[^"\\/%\x7f-\xff]*"; filename\*=UTF-8''[\w!~.%-]+$/

/** The documented normalisation of names. */
const normalise = (text: string) => text.trim().normalize('NFC')

describe('a naughty string', () => {
  it('as name and tag is refused, or kept unchanged, found by a search for it, and adds nothing to a header', async () => {
    const { media } = (await client.add('An image', [], await makePng())).body
    const refused: string[] = []
    for (const text of ALL_NAUGHTY) {
      const { status, body } = await client.post(`/media/edit/${media.id}`, {
        name: text,
        tags: [text],
      })
      if (status === 400) {
        expect(body.detail).toMatch(/^(name|tags?)\b.*\.$/s)
        refused.push(text)
        continue
      }
      expect([text, status]).toEqual([text, 200])
      expect(body.media.name).toBe(normalise(text))
      expect(body.media.tags).toEqual([
        ...new Set(
          text
            .split(',')
            .map(normalise)
            .filter((tag) => tag !== ''),
        ),
      ])
      const original = await client.request('HEAD', `/media/original/${media.id}`)
      expect(original.headers.get('content-disposition')).toMatch(DISPOSITION)
      const found = await client.list(`?search=${encodeURIComponent(text)}`)
      // A search may not have that many terms or characters.
      if (found.status === 400) continue
      // A lone accent folds to nothing that could be searched for.
      const isNothing = text.split(/\s+/).some((term) => term !== '' && fold(term).trim() === '')
      const expected = isNothing ? [] : [media.id]
      expect([text, found.body.media.map(({ id }) => id)]).toEqual([text, expected])
    }
    expect(refused).toContain('\0')
    expect(refused).toContain('\ud800')
    expect(refused.length).toBeLessThan(ALL_NAUGHTY.length / 4)
    await client.delete(`/media/delete/${media.id}`)
  })

  it('as a search or parameter finds nothing and causes no error', async () => {
    const { media } = (await client.add('plain', ['text'], await makePng({ seed: 2 }))).body
    for (const text of ALL_NAUGHTY.filter((text) => text.length < 4096)) {
      const query = encodeURIComponent(text.toWellFormed())
      for (const path of [`/media?search=${query}`, `/media/tags?search=${query}`]) {
        const { status } = await client.get(path)
        expect([path, [200, 400].includes(status)]).toEqual([path, true])
      }
      for (const name of ['limit', 'offset', 'order']) {
        const { status } = await client.list(`?${name}=${query}`)
        expect([name, text, [200, 400].includes(status)]).toEqual([name, text, true])
      }
    }
    const { body } = await client.list(`?search=${encodeURIComponent("' OR '1'='1")}`)
    expect(body.media).toEqual([])
    expect((await client.list()).body.media.map(({ id }) => id)).toEqual([media.id])
    await client.delete(`/media/delete/${media.id}`)
  })
})
