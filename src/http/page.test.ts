import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from './operate/logging.ts'
import { pageRoutes } from './page.ts'
import { createServer } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'vitrine-page-'))
afterAll(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'assets'))
writeFileSync(join(folder, 'index.html'), '<title>The page</title>')
writeFileSync(join(folder, 'favicon.svg'), '<svg/>')
writeFileSync(join(folder, 'assets/index-1a2b.js'), 'run()')
writeFileSync(join(folder, 'assets/index-1a2b.js.br'), brotliCompressSync('run()'))

async function makeApp(page: string) {
  const app = await createServer(
    { hosts: [], trustedProxies: [], metricsToken: undefined, allowedOrigins: [] },
    createLog('silent'),
  )
  await app.register(pageRoutes(page))
  onTestFinished(() => app.close())
  return app
}

describe('the page', () => {
  it('is at /, is revalidated each time, and may load nothing from other origins', async () => {
    const app = await makeApp(folder)
    const { statusCode, headers, body } = await app.inject('/')
    expect([statusCode, body]).toEqual([200, '<title>The page</title>'])
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['cache-control']).toBe('no-cache')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['content-security-policy']).toContain("script-src 'self';")
    expect((await app.inject('/favicon.svg')).headers['content-type']).toBe('image/svg+xml')
  })

  it('has compressed scripts that browsers keep for good', async () => {
    const app = await makeApp(folder)
    const { headers } = await app.inject({
      url: '/assets/index-1a2b.js',
      headers: { 'accept-encoding': 'br, gzip' },
    })
    expect(headers['content-encoding']).toBe('br')
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect((await app.inject('/assets/index-1a2b.js')).body).toBe('run()')
  })

  it.each(['/assets/', '/assets/other.js', '/assets/..%2findex.html', '/assets/%2e%2e/index.html'])(
    'answers %s with not found',
    async (url) => {
      const answer = await (await makeApp(folder)).inject(url)
      expect(answer.json()).toMatchObject({ data: 'Not found', code: 404 })
    },
  )

  it('answers an unknown path in HTML to browsers and in JSON to programs', async () => {
    const app = await makeApp(folder)
    const visit = (accept: string, language?: string, url = '/nothere') =>
      app.inject({ url, headers: { accept, ...(language && { 'accept-language': language }) } })
    const browser = 'text/html,application/xhtml+xml,*/*;q=0.8'
    const page = await visit(browser)
    expect(page.statusCode).toBe(404)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.headers.vary).toContain('accept')
    expect(page.body).toContain('<html lang="en">')
    expect((await visit(browser, 'fr, de-AT;q=0.8, en;q=0.5')).body).toContain('Hier ist nichts.')
    expect((await visit(browser, '__proto__, xx')).body).toContain('There is nothing here.')
    expect(page.body).toContain('href="/"')
    // The answer repeats nothing of the URL.
    expect((await visit(browser, 'en', '/<b>here')).body).not.toContain('<b>')
    for (const accept of ['*/*', 'application/json', 'image/*']) {
      const answer = await visit(accept)
      expect([answer.statusCode, answer.json().data], accept).toEqual([404, 'Not found'])
      expect(answer.headers.vary).toContain('accept')
    }
    const posted = await app.inject({
      method: 'POST',
      url: '/nothere',
      headers: { accept: browser },
    })
    expect(posted.json()).toMatchObject({ data: 'Not found', code: 404 })
    // Without the admin page there is nothing to link to.
    const bare = await makeApp(join(folder, 'nothing'))
    const other = await bare.inject({ url: '/nothere', headers: { accept: browser } })
    expect(other.statusCode).toBe(404)
  })

  it('redirects to the documentation of the API if it was not built', async () => {
    const { statusCode, headers } = await (await makeApp(join(folder, 'nothing'))).inject('/')
    expect([statusCode, headers.location]).toEqual([302, '/docs'])
  })
})
