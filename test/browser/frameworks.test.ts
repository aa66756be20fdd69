import { once } from 'node:events'
import { createServer } from 'node:http'
import { transformBaseImageProps } from '@unpic/core/base'
import type { Response } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { findFreePort } from '../free-port.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { hasNuxtImage, loadNuxtImage } from '../nuxt-image.ts'
import { describePage, openPage, PATIENCE } from './page.ts'

const LADDER = [160, 240, 320, 480, 640, 800, 960, 1200, 1440]

interface Shape {
  width?: string | number
  ar?: string | number
}

/** The function of docs/http-api.md, by which frameworks make addresses. */
function imageUrl(template: string | URL, { width, ar }: Shape): string {
  if (width === undefined) return String(template).replace('w_{width}', 'high')
  return String(template).replace('{width}', ar === undefined ? `${width}` : `${width},ar_${ar}`)
}

type Attributes = Readonly<Record<string, unknown>>

const tagOf = (attributes: Attributes) =>
  `<img ${Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value}"`)
    .join(' ')}>`

describePage('a page whose framework makes the addresses of its images', () => {
  let server: Server
  let template: string
  let url: string
  let html = ''
  const website = createServer((_request, response) => {
    const page = `<!doctype html><title>Shop</title><link rel="icon" href="data:,">${html}`
    response.setHeader('content-type', 'text/html').end(page)
  })
  beforeAll(async () => {
    const port = await findFreePort()
    url = `http://127.0.0.1:${port}`
    await once(website.listen(port, '127.0.0.1'), 'listening')
    server = await startServer()
    const client = await signIn(server)
    const image = await makeJpeg({ width: 1500, height: 1000 })
    template = server.url + (await client.add('Tower', [], image)).body.media.urls.template
  })
  afterAll(async () => {
    website.closeAllConnections()
    website.close()
    await server.stop()
  })

  /** Shows an image in a window of 600 pixels. @returns the answers to its requests, in order */
  async function show(attributes: Attributes, deviceScaleFactor: number) {
    html = ''
    const viewport = { width: 600, height: 500 }
    const visit = { username: null, deviceScaleFactor, viewport }
    const page = await openPage({ ...server, url }, visit)
    const responses: Response[] = []
    page.on('response', (response) => {
      if (response.url().startsWith(server.url)) responses.push(response)
    })
    html = tagOf(attributes)
    await page.goto(url)
    const image = page.locator('img')
    const naturalWidth = () => image.evaluate((shown) => Reflect.get(shown, 'naturalWidth'))
    await expect.poll(naturalWidth, PATIENCE).toBeGreaterThan(0)
    return Promise.all(responses.map(describeAnswer))
  }

  it.each([
    [1, { file: 'w_320,ar_16-9.webp', status: 200, size: '320x180' }],
    [2, { file: 'w_640,ar_16-9.webp', status: 200, size: '640x360' }],
    [3, { file: 'w_960,ar_16-9.webp', status: 200, size: '960x540' }],
  ])('gets a step of the ladder, by unpic at density %d', async (density, answer) => {
    const attributes = transformBaseImageProps({
      src: template,
      transformer: imageUrl,
      operations: { ar: '16-9' },
      breakpoints: [...LADDER],
      width: 300,
      aspectRatio: 16 / 9,
      unstyled: true,
    })
    expect(await show({ ...attributes }, density)).toEqual([answer])
  })

  it.each([
    [1, 300, { file: 'w_320.webp', status: 200, size: '320x213' }],
    [2, 600, { file: 'w_640.webp', status: 200, size: '640x427' }],
    // unpic offers no more than twice the width.
    [3, 600, { file: 'w_640.webp', status: 200, size: '640x427' }],
  ])(
    'is led to a step of the ladder from any width, by unpic at density %d',
    async (density, width, answer) => {
      const attributes = transformBaseImageProps({
        src: template,
        transformer: imageUrl,
        width: 300,
        aspectRatio: 3 / 2,
        unstyled: true,
      })
      const moved = { file: `w_${width}.webp`, status: 308 }
      expect(await show({ ...attributes }, density)).toEqual([moved, answer])
    },
  )

  it.skipIf(!hasNuxtImage()).each([
    [1, 300, { file: 'w_320,ar_1-1.webp', status: 200, size: '320x320' }],
    [2, 600, { file: 'w_640,ar_1-1.webp', status: 200, size: '640x640' }],
    [3, 900, { file: 'w_960,ar_1-1.webp', status: 200, size: '960x960' }],
  ])(
    'is led to a step of the ladder, by a provider of @nuxt/image at density %d',
    async (density, width, answer) => {
      const { createImage, defineProvider } = await loadNuxtImage()
      const vitrine = defineProvider({
        getImage: (src, { modifiers, baseURL = '' }) => ({
          url: imageUrl(baseURL + src, modifiers),
        }),
      })
      const image = createImage({
        provider: 'vitrine',
        providers: { vitrine: { setup: vitrine, defaults: { baseURL: server.url } } },
        presets: {},
        screens: {},
        densities: [1, 2, 3],
        domains: [],
        alias: {},
      })
      const attributes = image.getSizes(template.slice(server.url.length), {
        sizes: '300px',
        modifiers: { ar: '1-1' },
      })
      const moved = { file: `w_${width},ar_1-1.webp`, status: 308 }
      expect(await show({ ...attributes }, density)).toEqual([moved, answer])
    },
  )
})

async function describeAnswer(response: Response) {
  const file = response.url().split('/').at(-1)
  const status = response.status()
  if (status !== 200) return { file, status }
  const { width, height } = await sharp(await response.body()).metadata()
  return { file, status, size: `${width}x${height}` }
}
