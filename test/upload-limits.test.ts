import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectConsistent, expectSettled, takeStock } from './consistency.ts'
import { makeJpeg, makePng } from './fixtures.ts'
import { Client, type Envelope, runCli, type Server, signIn, startServer } from './harness.ts'

const MAX_IMAGE_BYTES = 20_000
const MEBIBYTE = 1024 * 1024
/** As documented: one and a half times the limit of the image, plus 1 MiB. */
const MAX_JSON_BYTES = 1.5 * MAX_IMAGE_BYTES + MEBIBYTE
const PATIENCE = { timeout: 20_000 }

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer({
    VITRINE_MAX_IMAGE_BYTES: String(MAX_IMAGE_BYTES),
    VITRINE_IMAGE_WORKERS: '1',
    VITRINE_IMAGE_QUEUE: '0',
  })
  client = await signIn(server)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

interface Encoded {
  type: string
  bytes: Buffer
}

const encodings: Record<string, (image: Buffer) => Promise<Encoded>> = {
  JSON: async (image) => ({
    type: 'application/json',
    bytes: Buffer.from(
      JSON.stringify({ name: 'A name', tags: [], image: image.toString('base64') }),
    ),
  }),
  'a form': makeForm,
}

async function makeForm(image: Buffer): Promise<Encoded> {
  const form = new FormData()
  form.append('name', 'A name')
  form.append('tags', '[]')
  form.append('image', new Blob([new Uint8Array(image)]), 'image.jpg')
  const encoded = new Response(form)
  return {
    type: encoded.headers.get('content-type') ?? '',
    bytes: Buffer.from(await encoded.arrayBuffer()),
  }
}

const lengths: Record<string, (bytes: Buffer) => Record<string, string>> = {
  'with its length': (bytes) => ({ 'content-length': String(bytes.length) }),
  'without its length': () => ({ 'transfer-encoding': 'chunked' }),
}

const matrix = Object.keys(encodings).flatMap((encoding) =>
  Object.keys(lengths).map((length) => [encoding, length] as const),
)

/** An image of exactly this size. Bytes after the end of the JPEG do not belong to the picture. */
async function makeImageOf(size: number): Promise<Buffer> {
  const image = await makeJpeg()
  return Buffer.concat([image, Buffer.alloc(size - image.length)])
}

async function startAdd(encoding: string, length: string, image: Buffer) {
  const { type, bytes } = (await encodings[encoding]?.(image)) ?? { type: '', bytes: Buffer.of() }
  const headers = { 'content-type': type, ...lengths[length]?.(bytes) }
  return { request: client.start('POST', '/media/add', headers), bytes }
}

async function answerOf(request: ClientRequest) {
  const [answer]: IncomingMessage[] = await once(request, 'response')
  if (!answer) throw new Error('There is no answer.')
  return { status: answer.statusCode, body: (await json(answer)) as Envelope }
}

const TOO_LARGE = {
  status: 413,
  body: {
    data: 'Image too large',
    code: 413,
    error: 'image-too-large',
    detail: expect.stringMatching(/\d+ bytes.*\.$/),
  },
}

describe.each(matrix)('an image as %s, sent %s,', (encoding, length) => {
  it('may be as large as the limit', async () => {
    const image = await makeImageOf(MAX_IMAGE_BYTES)
    const { request, bytes } = await startAdd(encoding, length, image)
    request.end(bytes)
    const { status, body } = await answerOf(request)
    expect({ status, size: body.media.size }).toEqual({ status: 200, size: MAX_IMAGE_BYTES })
    await client.delete(`/media/delete/${body.media.id}`)
  })

  it('is refused if it is one byte larger, and leaves nothing behind', async () => {
    const before = await expectSettled(server.data)
    const { request, bytes } = await startAdd(
      encoding,
      length,
      await makeImageOf(MAX_IMAGE_BYTES + 1),
    )
    request.end(bytes)
    expect(await answerOf(request)).toEqual(TOO_LARGE)
    expect(await expectConsistent(server.data)).toEqual(before)
  })

  it('is refused while it is still being sent', async () => {
    const before = await expectSettled(server.data)
    const { request, bytes } = await startAdd(encoding, length, await makeImageOf(3 * MEBIBYTE))
    request.write(bytes.subarray(0, 2 * MEBIBYTE))
    expect(await answerOf(request)).toEqual(TOO_LARGE)
    request.on('error', () => {}).destroy()
    expect(await expectConsistent(server.data)).toEqual(before)
  })

  it('leaves nothing behind if the client disconnects during the upload', async () => {
    const before = await expectSettled(server.data)
    const { request, bytes } = await startAdd(encoding, length, await makeImageOf(MAX_IMAGE_BYTES))
    request.on('error', () => {}).write(bytes.subarray(0, bytes.length - 100))
    const temporaryFiles = async () => (await takeStock(server.data)).temporary.length
    await expect.poll(temporaryFiles, PATIENCE).toBe(1)
    request.destroy()
    await expect.poll(temporaryFiles, PATIENCE).toBe(0)
    expect(await expectConsistent(server.data)).toEqual(before)
  })
})

describe.each(Object.keys(lengths))('a body of JSON, sent %s,', (length) => {
  const image = '/9j/'
  const fill = (size: number) => {
    const [start, end] = [`{"name":"A name","tags":[],"image":"${image}`, '"}']
    return Buffer.from(start + ' '.repeat(size - start.length - end.length) + end)
  }
  const send = async (bytes: Buffer) => {
    const headers = { 'content-type': 'application/json', ...lengths[length]?.(bytes) }
    return answerOf(client.start('POST', '/media/add', headers).end(bytes))
  }

  it('may be one and a half times the image limit, plus 1 MiB', async () => {
    expect(await send(fill(MAX_JSON_BYTES))).toMatchObject({
      status: 500,
      body: { data: 'Error adding media', detail: expect.stringContaining('JPEG') },
    })
    expect(await send(fill(MAX_JSON_BYTES + 1))).toEqual(TOO_LARGE)
  })
})

describe('more images at once than can wait', () => {
  it('are answered 503 with Retry-After, and leave nothing behind', async () => {
    const images = await Promise.all(
      Array.from({ length: 10 }, (_, index) => makePng({ width: 16, height: 16, seed: index + 1 })),
    )
    const answers = await Promise.all(images.map((image) => client.add('One of many', [], image)))
    const busy = answers.filter(({ status }) => status !== 200)
    expect(busy.length).toBeGreaterThan(0)
    expect(busy.length).toBeLessThan(answers.length)
    for (const { body, headers } of busy) {
      expect(body).toMatchObject({
        data: 'Service busy',
        code: 503,
        error: 'service-busy',
        detail: expect.any(String),
      })
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      expect(headers.get('cache-control')).toBe('no-store')
    }
    const { media } = await expectConsistent(server.data)
    expect(media.length).toBe(answers.length - busy.length)
    const again = images[answers.findIndex(({ status }) => status === 503)] ?? Buffer.of()
    expect((await client.add('Later', [], again)).status).toBe(200)
  })
})

it('an upload is refused if its account is disabled meanwhile, and leaves nothing behind', async () => {
  const password = 'the password of an editor'
  await runCli(server.data, ['user', 'add', 'ed', '--role', 'editor', '--password-stdin'], {
    input: password,
  })
  const editor = await new Client(server.url).signIn('ed', password)
  const before = await expectSettled(server.data)
  const { type, bytes } = await makeForm(await makePng())
  const request = editor.start('POST', '/media/add', { 'content-type': type })
  const answered = once(request, 'response')
  request.write(bytes.subarray(0, 200))
  await runCli(server.data, ['user', 'disable', 'ed'])
  request.end(bytes.subarray(200))
  const [answer] = await answered
  expect(answer.statusCode).toBe(401)
  expect(await json(answer)).toMatchObject({ data: 'Unauthorized' })
  await expect.poll(() => takeStock(server.data), PATIENCE).toEqual(before)
})

it('a format that is off is refused, also if the library has the bytes, and its images are still shown', async () => {
  const known = await makeJpeg({ seed: 77 })
  const { id } = (await client.add('From before', [], known)).body.media
  const other = await startServer({ VITRINE_IMAGE_FORMATS: 'png' }, server.data)
  try {
    const own = await signIn(other)
    for (const image of [known, await makeJpeg({ seed: 78 })]) {
      const { status, body } = await own.add('Again', [], image)
      expect([status, body.detail]).toEqual([
        500,
        'The file is a JPEG image (image/jpeg); PNG images are accepted.',
      ])
    }
    expect((await own.get(`/media/image/${id}`)).status).toBe(200)
    expect((await own.add('Another', [], await makePng({ seed: 79 }))).status).toBe(200)
  } finally {
    expect(await other.stop()).toBe(0)
  }
})
