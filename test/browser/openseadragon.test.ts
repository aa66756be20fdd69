import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { MediaItem } from '../../src/media/item.ts'
import { makePng } from '../fixtures.ts'
import { findFreePorts } from '../free-port.ts'
import { ROOT, type Server, signIn, startServer } from '../harness.ts'
import { keyOf } from '../squares.ts'
import { describePage, openPage, PATIENCE } from './page.ts'

const SCRIPT = '/openseadragon.js'

/** A page of a museum, which shows an image by the address of its information. */
const viewerPage = (info: string) => `<!doctype html><title>Museum</title>
<div id="viewer" style="width: 1000px; height: 700px"></div>
<script src="${SCRIPT}"></script>
<script>
  viewer = OpenSeadragon({ id: 'viewer', tileSources: ${JSON.stringify(info)}, showNavigationControl: false,
    crossOriginPolicy: 'Anonymous', drawer: 'canvas', immediateRender: true })
  viewer.addHandler('tile-load-failed', ({ message }) => { failure = message })
  viewer.addHandler('open-failed', ({ message }) => { failure = message })
</script>`

describePage('OpenSeadragon, in a page of another origin', () => {
  let server: Server
  let item: MediaItem
  let info = ''
  let url = ''
  const elsewhere = createServer((request, response) => {
    if (request.url !== SCRIPT) {
      response.setHeader('content-type', 'text/html').end(viewerPage(info))
      return
    }
    const script = join(ROOT, 'node_modules/openseadragon/build/openseadragon/openseadragon.min.js')
    response.setHeader('content-type', 'text/javascript')
    createReadStream(script).pipe(response)
  })
  beforeAll(async () => {
    const [port = 0, port2 = 0] = await findFreePorts(2)
    url = `http://127.0.0.1:${port2}`
    server = await startServer({
      VITRINE_PORT: `${port}`,
      VITRINE_IIIF: 'true',
      VITRINE_PUBLIC_URL: `http://127.0.0.1:${port}`,
    })
    const client = await signIn(server)
    // Red on the left, blue on the right.
    item = (await client.add('Wide', [], await makePng({ width: 3000, height: 2000 }))).body.media
    info = `${server.url}/iiif/${keyOf(item)}/info.json`
    await once(elsewhere.listen(port2, '127.0.0.1'), 'listening')
  })
  afterAll(async () => {
    elsewhere.closeAllConnections()
    elsewhere.close()
    await server.stop()
  })

  it('shows an image by its information, and zooms into it by tiles', async () => {
    const page = await openPage({ ...server, url }, { username: null, query: 'blank' })
    const asked: string[] = []
    const refused: string[] = []
    page.on('response', (response) => {
      const path = response.url().split(`/iiif/${keyOf(item)}/`)[1]
      if (path === undefined) return
      asked.push(path)
      if (response.status() !== 200) refused.push(`${response.status()} ${path}`)
    })
    await page.goto(`${url}/`)
    const isLoaded = () =>
      page.evaluate<boolean>('Boolean(viewer.world.getItemAt(0)?.getFullyLoaded())')
    await expect.poll(isLoaded, PATIENCE).toBe(true)
    expect(asked[0]).toBe('info.json')
    // A level that fits the view.
    expect(asked).toContain('0,0,1024,1024/512,512/0/default.jpg')
    expect(asked.filter((path) => path.startsWith('0,0,512,512/'))).toEqual([])

    await page.evaluate(
      'viewer.viewport.zoomTo(viewer.viewport.imageToViewportZoom(1), null, true)',
    )
    const cornerOf = () =>
      asked.filter((path) => /^\d+,\d+,512,512\/512,512\/0\/default\.jpg$/.test(path))
    await expect.poll(() => cornerOf().length, PATIENCE).toBeGreaterThan(3)
    await expect.poll(isLoaded, PATIENCE).toBe(true)

    // It can read the pixels, and they are in their places.
    const colourAt = (x: number) =>
      page.evaluate<number[]>(`(() => {
        const { canvas } = viewer.drawer
        return [...canvas.getContext('2d').getImageData(canvas.width * ${x}, canvas.height / 2, 1, 1).data]
      })()`)
    const [left, right] = [await colourAt(0.25), await colourAt(0.75)]
    expect(left[0]).toBeGreaterThan(left[2] ?? 255)
    expect(right[2]).toBeGreaterThan(right[0] ?? 255)
    expect(refused).toEqual([])
    expect(await page.evaluate('globalThis.failure ?? null')).toBeNull()
  })
})
