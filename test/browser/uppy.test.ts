import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectConsistent } from '../consistency.ts'
import { cutShort } from '../fixtures.ts'
import { findFreePort } from '../free-port.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts'
import { bundleUppy, hasUppy } from '../uppy.ts'
import { describePage, openPage, PATIENCE } from './page.ts'

/** An editor's page, of the same origin as the library. It has no Dashboard: what that shows, it keeps. */
const UPLOAD_PAGE = `<!doctype html><title>Newsroom</title><link rel="icon" href="data:,"><input type="file">
<script type="module">
  import { Uppy, Tus } from '/uppy.js'
  const uppy = new Uppy()
  uppy.use(Tus, { endpoint: '/media/uploads', retryDelays: Array(60).fill(250) })
  globalThis.failures = []
  uppy.on('upload-error', (file, error, response) => {
    failures.push({ status: response?.status, ...JSON.parse(response?.body.xhr.responseText || '{}') })
  })
  document.querySelector('input').onchange = async ({ target: { files: [file] } }) => {
    const id = uppy.addFile({ name: file.name, type: file.type, data: file })
    uppy.setFileMeta(id, { name: 'Tower at night', tags: 'night,Tokyo' })
    const { successful, failed } = await uppy.upload()
    globalThis.outcome = successful.length + ' sent, ' + failed.length + ' failed'
    globalThis.message = failed[0]?.error ?? ''
  }
</script>`

const MEBIBYTE = 1024 * 1024

const describeUppy = hasUppy() ? describePage : describe.skip

describeUppy('Uppy with its tus plugin', () => {
  let server: Server
  let client: Client
  let proxy: TcpProxy
  let script: string
  let settings: Record<string, string>
  /** Over 16 MiB, of noise. */
  let image: Buffer
  beforeAll(async () => {
    settings = { VITRINE_PORT: String(await findFreePort()) }
    server = await startServer(settings)
    client = await signIn(server)
    proxy = await startTcpProxy(server.url)
    script = await bundleUppy()
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
    const create = { width: 2600, height: 2300, channels: 3, background: 'black', noise } as const
    image = await sharp({ create }).png({ compressionLevel: 1 }).toBuffer()
    expect(image.length).toBeGreaterThan(16 * MEBIBYTE)
  })
  afterAll(async () => {
    proxy.close()
    await expectConsistent(server.data)
    await server.stop()
  })

  async function openUploadPage(): Promise<Page> {
    const url = proxy.url.replace(/\/$/, '')
    const page = await openPage({ ...server, url })
    await page.route('**/newsroom', (route) =>
      route.fulfill({ contentType: 'text/html', body: UPLOAD_PAGE }),
    )
    await page.route('**/uppy.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: script }),
    )
    await page.goto(`${url}/newsroom`)
    return page
  }
  const send = (page: Page, name: string, buffer: Buffer) =>
    page.locator('input').setInputFiles({ name, mimeType: 'image/png', buffer })
  const outcome = async (page: Page) =>
    (await page.waitForFunction('globalThis.outcome', undefined, { timeout: 30_000 })).jsonValue()

  it('sends a large image, goes on where the connection was cut, and after a crash of the server', async () => {
    const page = await openUploadPage()
    const offsets: number[] = []
    let address = ''
    page.on('request', (request) => {
      if (request.method() !== 'PATCH') return
      offsets.push(Number(request.headers()['upload-offset']))
      address = new URL(request.url()).pathname
    })
    const arrived = async () => {
      const headers = { 'tus-resumable': '1.0.0' }
      const told = await client.request('HEAD', address, { headers })
      return Number(told.headers.get('upload-offset'))
    }
    const first = proxy.stallWithin(/^PATCH /, 5 * MEBIBYTE)
    await send(page, 'Tower.png', image)
    await first
    await expect.poll(arrived, PATIENCE).toBeGreaterThan(4 * MEBIBYTE)
    // Chromium may send the same request once more before Uppy hears of the cut.
    const second = proxy.stallWithin(/\nUpload-Offset: [1-9]/i, 5 * MEBIBYTE)
    proxy.cut()
    proxy.mend()
    await second
    await expect.poll(arrived, PATIENCE).toBeGreaterThan(8 * MEBIBYTE)
    await server.kill()
    server = await startServer(settings, server.data)
    expect(await outcome(page)).toBe('1 sent, 0 failed')

    const [, once = 0, twice = 0, ...more] = new Set(offsets)
    expect(once).toBeGreaterThan(4 * MEBIBYTE)
    expect(twice).toBeGreaterThan(8 * MEBIBYTE)
    expect(more).toEqual([])
    const [item, another] = (await client.list('?search=Tower')).body.media
    expect(another).toBeUndefined()
    expect(item).toMatchObject({
      name: 'Tower at night',
      tags: ['night', 'Tokyo'],
      size: image.length,
    })
    const { bytes } = await client.get(`/media/original/${item?.id}`)
    expect(bytes.equals(image)).toBe(true)
  })

  it('is told why an image is refused', async () => {
    const page = await openUploadPage()
    await send(page, 'Cut.png', cutShort(image))
    expect(await outcome(page)).toBe('0 sent, 1 failed')
    const detail = 'The PNG image is damaged or cut short and cannot be decoded completely.'
    expect(await page.evaluate('failures')).toEqual([
      expect.objectContaining({ status: 422, code: 422, detail }),
    ])
    // The text that Uppy shows.
    expect(await page.evaluate('message')).toContain(detail)
    expect((await client.list('?search=Cut')).body.to).toBe(0)
  })
})
