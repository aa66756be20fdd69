import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { heard } from '../../base/heard.ts'
import { PostFailed, postJson } from './post-json.ts'

async function serve(answer: RequestListener): Promise<URL> {
  const server = heard(createServer(answer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return new URL(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/secret`)
}

const json = { 'content-type': 'application/json' }
const bounds = { maxBytes: 1000, seconds: 10, signal: new AbortController().signal }

describe('JSON that is sent to a URL of the operator', () => {
  it('arrives as it is, and the answer comes back', async () => {
    const url = await serve(async (request, response) => {
      const chunks = await request.toArray()
      response.writeHead(200, json).end(
        JSON.stringify({
          got: JSON.parse(Buffer.concat(chunks).toString()),
          by: request.method,
          as: request.headers['content-type'],
        }),
      )
    })
    expect(await postJson(url, { text: 'ä' }, bounds)).toEqual({
      got: { text: 'ä' },
      by: 'POST',
      as: 'application/json',
    })
  })

  it.each<[string, RequestListener, string]>([
    [
      'answers a page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hi'),
      'it answered with text/html and not with application/json',
    ],
    [
      'fails',
      (_, response) => response.writeHead(500, json).end('{}'),
      'it answered with the status 500',
    ],
    [
      'redirects',
      (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      'it redirects (status 307), which is not followed',
    ],
    [
      'answers at length',
      (_, response) => response.writeHead(200, json).end(`"${'x'.repeat(1_000_000)}"`),
      'its answer is over 1000 bytes',
    ],
    [
      'answers without end',
      (_, response) => {
        response.writeHead(200, json)
        const more = () => {
          while (response.write('x'.repeat(10_000)));
        }
        response.on('drain', more)
        more()
      },
      'its answer is over 1000 bytes',
    ],
    [
      'answers half of its JSON',
      (_, response) => response.writeHead(200, json).end('{"alt": "A'),
      'its answer is not JSON',
    ],
    ['hangs up', (request) => request.socket.destroy(), 'the connection broke off'],
  ])('is explained if the service %s', async (_, answer, reason) => {
    const failed = postJson(await serve(answer), {}, bounds)
    await expect(failed).rejects.toThrow(PostFailed)
    await expect(failed).rejects.toThrow(reason)
  })

  it.each<[string, RequestListener]>([
    ['never answers', () => {}],
    ['never ends its answer', (_, response) => response.writeHead(200, json).write('{')],
  ])('is given up if the service %s', async (_, answer) => {
    const failed = postJson(await serve(answer), {}, { ...bounds, seconds: 0.1 })
    await expect(failed).rejects.toThrow('no answer within 0.1 seconds')
  })

  it('ends when nobody waits for it any more', async () => {
    const gone = new AbortController()
    const url = await serve(() => gone.abort(new Error('gone')))
    await expect(postJson(url, {}, { ...bounds, signal: gone.signal })).rejects.toThrow('gone')
  })

  it('is explained if nothing listens', async () => {
    const failed = postJson(new URL('http://127.0.0.1:1/'), {}, bounds)
    await expect(failed).rejects.toThrow('it refuses the connection')
  })
})
