import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { ALL_NAUGHTY } from '../hostile/naughty-strings.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

/** Strings that fit into a request line and a header. */
const SHORT = ALL_NAUGHTY.filter((text) => text.length < 4096)

describe('a naughty string', () => {
  it('is not found as a path, id, variant or digest', async () => {
    for (const text of SHORT.filter((text) => !/^\.+$/.test(text))) {
      const part = encodeURIComponent(text.toWellFormed())
      for (const path of [
        `/media/item/${part}`,
        `/media/image/1/${part}`,
        `/media/file/${part}/scaled.webp`,
        `/docs/static/${part}`,
      ]) {
        const { status } = await client.get(path)
        // What is after a dot is no format of an image.
        const isOptions = path.startsWith('/media/image/') && text.includes('.')
        expect([path, status]).toEqual([path, isOptions ? 400 : 404])
      }
      const deleted = await client.delete(`/media/delete/${part}`)
      expect([text, deleted.status]).toEqual([text, 400])
    }
  })

  it('is refused as a cookie or token, and breaks no request as a header', async () => {
    // Encoded as the bytes of UTF-8. A string that cannot be a header never becomes a request.
    const printable = SHORT.map((text) =>
      Buffer.from(text.toWellFormed()).toString('latin1'),
    ).filter((text) => /^[\x20-\x7e\x80-\xff]*$/.test(text) && text.trim() === text)
    for (const text of printable) {
      for (const [name, value] of Object.entries({
        cookie: `refreshToken=${text}`,
        authorization: `Bearer ${text}`,
      })) {
        const { status } = await client.get('/auth/me', { headers: { cookie: '', [name]: value } })
        expect([name, text, status]).toEqual([name, text, 401])
      }
      const odd = await client.get('/media?limit=1', {
        headers: {
          origin: text,
          'if-none-match': text,
          range: text,
          'x-forwarded-for': text,
          'x-forwarded-proto': text,
          'x-forwarded-host': text,
          'user-agent': text,
          accept: text,
          'accept-encoding': text,
          'sec-fetch-site': text,
        },
      })
      expect([text, odd.status < 500]).toEqual([text, true])
    }
  })

  it('cannot sign in', async () => {
    // Only a few, because failed sign-ins are counted.
    for (const username of ["' OR '1'='1", '__proto__', '*']) {
      const answer = await client.post('/auth/login', { username, password: username })
      expect([username, answer.status]).toEqual([username, 401])
    }
  })
})
