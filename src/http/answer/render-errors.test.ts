import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { AppError, parametersInvalid, serviceBusy } from '../../base/errors.ts'
import { startServer } from '../test-server.ts'

/** Answers every request with an error. */
async function startWith(error: unknown, failure?: string) {
  const server = await startServer((app) => {
    const config = { access: 'public', ...(failure !== undefined && { failure }) } as const
    app.get('/', { config }, async (_request, reply) => {
      reply.headers({
        etag: '"x"',
        'content-disposition': 'attachment',
        'cache-control': 'public, max-age=31536000, immutable',
      })
      throw error
    })
  })
  const response = await fetch(server.url)
  return { ...server, response, body: await response.json() }
}

describe('an error', () => {
  it('of the application is answered with its own status and texts', async () => {
    const { response, body, log } = await startWith(parametersInvalid('limit is 0.'))
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(body).toEqual({
      data: 'Invalid parameters',
      code: 400,
      error: 'parameters-invalid',
      detail: 'limit is 0.',
    })
    expect(log.map((line) => JSON.parse(line).level)).not.toContain(50)
  })

  it('without a detail has none', async () => {
    const { body } = await startWith(new AppError('gone', 404, 'Media not found'))
    expect(body).toEqual({ data: 'Media not found', code: 404, error: 'gone' })
  })

  it('sends its own headers, and removes those of the object', async () => {
    const { response } = await startWith(serviceBusy('Try later.', 7))
    expect(response.headers.get('retry-after')).toBe('7')
    expect(response.headers.get('etag')).toBeNull()
    expect(response.headers.get('content-disposition')).toBeNull()
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it.for([
    ['an error', new Error('disk at /secret is full')],
    [
      'an error with a status',
      Object.assign(new Error('/secret'), { statusCode: 403, status: 403 }),
    ],
    ['of a service', Object.assign(new Error('/secret'), { code: 'NoSuchKey', statusCode: 404 })],
    ['a text', '/secret'],
    ['nothing', undefined],
    ['an object', { message: '/secret', statusCode: 404 }],
  ] as const)('that is unknown (%s) is a fault, and its cause only logged', async ([, error]) => {
    const { body, response, log } = await startWith(error, 'Error updating media')
    const id = response.headers.get('x-request-id')
    expect(response.status).toBe(500)
    expect(body).toEqual({
      data: 'Error updating media',
      code: 500,
      error: 'fault',
      detail: `The log of the server says why, under the request id ${id}.`,
    })
    const line = log.map((text) => JSON.parse(text)).find(({ level }) => level === 50)
    expect(line.requestId).toBe(id)
    if (error instanceof Error) expect(line.err).toMatchObject({ message: error.message })
  })

  it.for([
    [Object.assign(new Error('/secret'), { code: 'ENOSPC' }), 'There is no space left'],
    [Object.assign(new Error('/secret'), { code: 'ERR_SQLITE_ERROR', errcode: 13 }), 'no space'],
    [Object.assign(new Error('/secret'), { errcode: 8 | (1 << 8) }), 'The server cannot write'],
    [new Error('x', { cause: Object.assign(new Error('/secret'), { code: 'EIO' }) }), 'fails'],
  ] as const)('of a disk says what is wrong with it', async ([error, words]) => {
    const { body } = await startWith(error, 'Error adding media')
    expect(body).toEqual({
      data: 'Error adding media',
      code: 500,
      error: 'fault',
      detail: expect.stringMatching(new RegExp(`${words}.* under the request id `)),
    })
    expect(JSON.stringify(body)).not.toContain('/secret')
  })

  it('of a route without a message of its own is an internal one', async () => {
    expect((await startWith(new Error('x'))).body).toMatchObject({ data: 'Internal server error' })
  })

  it('that is a fault of the application is logged with its cause, a refusal is not', async () => {
    const cause = new Error('the disk is full')
    const fault = await startWith(new AppError('fault', 500, 'Error adding media', { cause }))
    expect(await fault.logged(({ level }) => level === 50)).toMatchObject({
      msg: 'Error adding media',
      err: { stack: expect.stringContaining('the disk is full') },
    })
    const busy = await startWith(serviceBusy('Too much.', 2, cause))
    expect(await busy.logged(({ level }) => level === 40)).toMatchObject({ msg: 'Service busy' })

    const detail = 'The image is a TIFF.'
    const refusal = await startWith(
      new AppError('image-refused', 500, 'Error adding media', { detail }),
    )
    const line = await refusal.logged(({ path }) => path === '/')
    expect(line).toMatchObject({ level: 30, status: 500, refusal: 'image-refused', detail })
    expect(refusal.log.filter((text) => JSON.parse(text).level > 30)).toEqual([])
  })

  it('before the first byte of a stream is answered without the headers of the object', async () => {
    const { url } = await startServer((app) => {
      app.get('/', { config: { access: 'public', failure: 'Failed' } }, async (_request, reply) => {
        reply.headers({ 'content-type': 'image/webp', 'content-length': 5, etag: '"x"' })
        reply.header('cache-control', 'public, immutable')
        const read = () => body.destroy(new Error('no disk'))
        const body: Readable = new Readable({ read })
        return reply.send(body)
      })
    })
    const response = await fetch(url)
    expect(await response.json()).toMatchObject({ data: 'Failed', code: 500 })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('etag')).toBeNull()
  })
})
