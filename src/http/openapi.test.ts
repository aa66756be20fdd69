import { describe, expect, it } from 'vitest'
import { Type } from './schema.ts'
import { startServer } from './test-server.ts'

const start = () =>
  startServer((app) => {
    app.get(
      '/things/:id',
      {
        config: { access: 'view-media' },
        schema: {
          summary: 'One thing',
          description: 'As it is.',
          params: Type.Object({ id: Type.Integer({ minimum: 1 }) }),
          querystring: Type.Object({ order: Type.Optional(Type.Literal('asc')) }),
          response: { 200: Type.Object({ id: Type.Integer() }, { title: 'Thing' }) },
        },
      },
      async () => ({}),
    )
    app.post(
      '/things',
      { config: { access: 'session' }, schema: { body: Type.Object({ name: Type.String() }) } },
      async () => ({}),
    )
    app.get('/open', { config: { access: 'public' } }, async () => ({}))
    app.get('/hidden', { config: { access: 'public' }, schema: { hide: true } }, async () => ({}))
  })

describe('the description of the API', () => {
  it('has every route, its parameters and who may call it', async () => {
    const { url } = await start()
    const api = await (await fetch(`${url}/openapi.json`)).json()
    expect(api).toMatchObject({
      openapi: '3.1.0',
      components: {
        securitySchemes: {
          cookie: { in: 'cookie', name: 'refreshToken' },
          bearer: { type: 'http' },
        },
      },
      paths: {
        '/things/{id}': {
          get: {
            summary: 'One thing',
            description: 'As it is.\n\nNeeds the permission `view-media`.',
            security: [{ cookie: [] }, { bearer: [] }],
            parameters: expect.arrayContaining([
              expect.objectContaining({
                in: 'path',
                name: 'id',
                schema: { type: 'integer', minimum: 1 },
              }),
              expect.objectContaining({ in: 'query', name: 'order', required: false }),
            ]),
          },
        },
        '/things': {
          post: {
            description: 'Needs a session.',
            requestBody: {
              content: { 'application/json': { schema: { required: ['name'] } } },
            },
          },
        },
        '/open': { get: { security: [] } },
      },
    })
    expect(Object.keys((api as { paths: object }).paths)).toEqual([
      '/things/{id}',
      '/things',
      '/open',
    ])
  })

  it('has a page whose policy allows its scripts and styles', async () => {
    const { url } = await start()
    const page = await fetch(`${url}/docs/`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("style-src 'self';")
    const html = await page.text()
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i)
    const resources = [
      ...html.matchAll(/<(script|link)\b[^>]*?(?:src|href)="([^"]*)"[^>]*>\s*(<\/)?/g),
    ]
    expect(resources.length).toBeGreaterThan(4)
    expect(html.match(/<script/g)?.length).toBe(
      resources.filter(([, tag]) => tag === 'script').length,
    )
    for (const [, , path = ''] of resources) {
      const response = await fetch(new URL(path, page.url))
      expect(response.status).toBe(200)
      expect(new URL(response.url).origin).toBe(url)
      await response.arrayBuffer()
    }
    expect(await (await fetch(`${url}/docs/json`)).json()).toMatchObject({ openapi: '3.1.0' })
  })

  it('sends no bytes of an unchanged file, and none for HEAD', async () => {
    const { url } = await start()
    const path = `${url}/docs/static/swagger-ui.css`
    const whole = await fetch(path)
    const length = (await whole.arrayBuffer()).byteLength
    const etag = whole.headers.get('etag') ?? ''
    const head = await fetch(path, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(length)])
    // Without `Cache-Control`, `fetch` would add `no-cache`.
    const headers = { 'if-none-match': etag, 'cache-control': 'max-age=0' }
    expect((await fetch(path, { headers })).status).toBe(304)
    const part = await fetch(path, { headers: { range: 'bytes=99999999-' } })
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([200, length])
    const moved = await fetch(`${url}/docs/static/index.html`, { redirect: 'manual' })
    expect([moved.status, moved.headers.get('location')]).toEqual([302, '/docs/'])
    expect((await fetch(path, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${url}/docs/none`, { method: 'POST' })).status).toBe(404)
  })

  it('has the same page without a slash at its end', async () => {
    const { url } = await start()
    const html = await (await fetch(`${url}/docs`)).text()
    expect(html).toContain('src="/docs/static/swagger-ui-bundle.js"')
  })

  it('answers missing pages like the other routes', async () => {
    const { url } = await start()
    for (const path of [
      '/docs/none',
      '/docs/static/none.js',
      '/docs/static/..%2f..%2fpackage.json',
    ]) {
      const response = await fetch(url + path)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ data: 'Not found', code: 404 })
    }
  })
})
