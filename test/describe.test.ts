import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { heard } from '../src/base/heard.ts'
import { makeAnimatedGif, makeJpeg } from './fixtures.ts'
import { type Client, type Server, signIn, startServer } from './harness.ts'

/** What the service was sent, newest last. */
const received: { name: string; tags: string[]; language: string; type: string; image: string }[] =
  []
let answer: (response: ServerResponse) => void
const service = heard(
  createServer(async (request, response) => {
    const chunks = await request.toArray()
    received.push(JSON.parse(Buffer.concat(chunks).toString()))
    answer(response)
  }),
)
const answerWith =
  (body: unknown, status = 200, type = 'application/json') =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))

let server: Server
let client: Client
let id: number
beforeAll(async () => {
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const address = service.address()
  const port = typeof address === 'object' ? address?.port : undefined
  server = await startServer({ VITRINE_DESCRIBE_URL: `http://127.0.0.1:${port}/alt?key=hush` })
  client = await signIn(server)
  const image = await makeJpeg({ width: 2000, height: 900 })
  id = (await client.add('Harbour', ['sea', 'dawn'], image)).body.media.id
})
afterAll(async () => {
  expect(server.log()).not.toContain('hush')
  await server.stop()
  service.closeAllConnections()
  service.close()
})

const suggest = (of: number, json: object = {}) =>
  client.request<{ suggestion: string; error: string; detail: string }>(
    'POST',
    `/media/item/${of}/describe`,
    { json },
  )

it('sends a small image with its name, tags and language, and changes nothing', async () => {
  answer = answerWith({ alt: ' Boats in\nthe harbour ', more: 1 })
  const before = (await client.get(`/media/item/${id}`)).body.media
  const { status, body, headers } = await suggest(id, { language: 'de' })
  expect({ status, body }).toEqual({ status: 200, body: { suggestion: 'Boats in the harbour' } })
  expect(headers.get('cache-control')).toBe('no-store')
  const { image = '', ...sent } = received.at(-1) ?? {}
  expect(sent).toEqual({
    name: 'Harbour',
    tags: ['sea', 'dawn'],
    language: 'de',
    type: 'image/jpeg',
  })
  const { format, width, height } = await sharp(Buffer.from(image, 'base64')).metadata()
  expect({ format, width, height }).toEqual({ format: 'jpeg', width: 1200, height: 540 })
  expect((await client.get(`/media/item/${id}`)).body.media).toEqual(before)
  expect((await client.request('OPTIONS', `/media/item/${id}/describe`)).status).toBe(204)
})

it('sends one frame of an animation', async () => {
  answer = answerWith({ alt: 'A flicker' })
  const moving = (await client.add('Moving', [], await makeAnimatedGif())).body.media.id
  expect((await suggest(moving)).status).toBe(200)
  const { image = '', language } = received.at(-1) ?? {}
  expect(language).toBe('en')
  expect((await sharp(Buffer.from(image, 'base64')).metadata()).pages ?? 1).toBe(1)
})

it.each([
  ['no text', answerWith({ text: 'Boats' }), 'its answer has no text `alt`.'],
  ['an empty text', answerWith({ alt: ' \n ' }), 'its text is empty.'],
  ['a book', answerWith({ alt: 'x'.repeat(1001) }), 'its text is over 1000 characters.'],
  ['megabytes', answerWith({ alt: 'x'.repeat(3_000_000) }), 'its answer is over 65536 bytes.'],
  ['an error', answerWith({}, 503), 'it answered with the status 503.'],
  [
    'a page',
    answerWith({}, 200, 'text/html'),
    'it answered with text/html and not with application/json.',
  ],
  ['a redirect', answerWith({}, 302), 'it redirects (status 302), which is not followed.'],
])('explains that the service answered %s', async (_, given, reason) => {
  answer = given
  const { status, body } = await suggest(id)
  expect(status).toBe(500)
  expect(body).toMatchObject({
    data: 'Error describing media',
    error: 'describe-failed',
    detail: `The service that suggests texts gave none: ${reason}`,
  })
  await server.logged(reason.slice(0, -1))
})

it('refuses what is no item and no language', async () => {
  const sent = received.length
  const missing = await suggest(987)
  expect(missing).toMatchObject({ status: 404, body: { error: 'media-not-found' } })
  const wrong = await suggest(id, { language: 'Deutsch!' })
  expect(wrong.status).toBe(400)
  expect(wrong.body.detail).toContain('language is "Deutsch!"')
  const trashed = (await client.add('Gone', [], await makeJpeg({ seed: 9 }))).body.media.id
  await client.post(`/media/trash/${trashed}`, {})
  expect((await suggest(trashed)).status).toBe(404)
  expect(received.length).toBe(sent)
})

it('asks for few at a time, refuses too many, and forgets who has left', async () => {
  const held: ServerResponse[] = []
  let isFull = () => {}
  const four = new Promise<void>((resolve) => {
    isFull = resolve
  })
  answer = (response) => {
    held.push(response)
    if (held.length === 4) isFull()
    if (held.length > 4) answerWith({ alt: 'Late' })(response)
  }
  const all = Array.from({ length: 37 }, () => suggest(id))
  const refused = await Promise.any(all)
  expect(refused).toMatchObject({ status: 503, body: { error: 'service-busy' } })
  await four
  expect(held).toHaveLength(4)
  for (const response of [...held]) answerWith({ alt: 'Late' })(response)
  const statuses = (await Promise.all(all)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(36)
})
