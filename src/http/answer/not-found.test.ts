import { describe, expect, it } from 'vitest'
import { startServer } from '../test-server.ts'

const open = { access: 'public' } as const

const start = () =>
  startServer((app) => {
    app.get('/things', { config: open }, async () => 'things')
    app.post('/things', { config: open }, async () => 'things')
    app.delete('/things/:id', { config: open }, async () => 'gone')
    app.options('/things/:id', { config: open }, async (_request, reply) => reply.code(204).send())
    app.post('/lost', { config: open }, async (_request, reply) => reply.callNotFound())
  })

const notFound = { data: 'Not found', code: 404, error: 'not-found', detail: expect.any(String) }

describe('an unknown path', () => {
  it.for([
    ['GET', '/'],
    ['GET', '/thing'],
    ['GET', '/thing/'],
    ['POST', '/things/5/more'],
    ['PUT', '/none'],
    ['PROPFIND', '/none'],
    ['GET', '/%'],
    ['GET', '/things%ff'],
    ['GET', `/none/${'x'.repeat(10_000)}`],
    ['GET', '/none?x=%'],
  ] as const)('%s %s is not found', async ([method, path]) => {
    const { url } = await start()
    const response = await fetch(url + path, { method })
    expect(await response.json()).toEqual(notFound)
    expect(response.status).toBe(404)
  })

  it('is refused before its body is read', async () => {
    const { url } = await start()
    for (const [type, body] of [
      ['application/json', '{'],
      ['text/plain', 'x'],
    ] as const) {
      const init = { method: 'POST', headers: { 'content-type': type }, body }
      expect(await (await fetch(`${url}/none`, init)).json()).toEqual(notFound)
    }
  })

  it('is answered in the same way if a route itself finds nothing', async () => {
    const { url } = await start()
    const response = await fetch(`${url}/lost`, { method: 'POST' })
    expect(await response.json()).toEqual(notFound)
  })
})

describe('a known path', () => {
  it.for([
    ['PUT', '/things', 'GET, HEAD, POST'],
    ['PATCH', '/things?x=y', 'GET, HEAD, POST'],
    ['OPTIONS', '/things', 'GET, HEAD, POST'],
    ['DELETE', '/things', 'GET, HEAD, POST'],
    ['PROPFIND', '/things', 'GET, HEAD, POST'],
    ['GET', '/things/5', 'DELETE, OPTIONS'],
    ['POST', '/things/%20', 'DELETE, OPTIONS'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ] as const)('does not allow %s %s', async ([method, path, allow]) => {
    const { url } = await start()
    const init = { method, ...(method === 'POST' && { body: 'x' }) }
    const response = await fetch(url + path, init)
    expect(await response.json()).toEqual({
      data: 'Method not allowed',
      code: 405,
      error: 'method-not-allowed',
      detail: expect.stringContaining(allow),
    })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allow)
  })

  it('answers HEAD where it answers GET, and refuses it without a body elsewhere', async () => {
    const { url } = await start()
    expect((await fetch(`${url}/things`, { method: 'HEAD' })).status).toBe(200)
    const refused = await fetch(`${url}/things/5`, { method: 'HEAD' })
    expect(refused.status).toBe(405)
    expect(await refused.text()).toBe('')
  })
})
