import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { MediaItem } from '../../src/media/item.ts'
import { makePng } from '../fixtures.ts'
import { findFreePort } from '../free-port.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { describePage, openPage } from './page.ts'

/** Shows an image and reads one pixel of its left and one of its right half, as red, green, blue, alpha. */
const readPixels = (src: string) => `(async () => {
  const image = new Image()
  image.crossOrigin = 'anonymous'
  image.src = ${JSON.stringify(src)}
  document.body.append(image)
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = image.naturalWidth
  canvas.height = image.naturalHeight
  const context = canvas.getContext('2d')
  context.drawImage(image, 0, 0)
  const pixelAt = (part) => [
    ...context.getImageData(part * canvas.width, canvas.height / 2, 1, 1).data,
  ]
  return { isShown: image.naturalWidth > 0, left: pixelAt(0.25), right: pixelAt(0.75) }
})()`

interface Seen {
  isShown: boolean
  left: number[]
  right: number[]
}

describePage('a page from another origin', () => {
  let server: Server
  let item: MediaItem
  /** A server of another origin, with an empty page. */
  const elsewhere = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Elsewhere</title>')
  })
  let url = ''
  beforeAll(async () => {
    server = await startServer()
    const client = await signIn(server)
    item = (await client.add('Seen elsewhere', [], await makePng())).body.media
    const port = await findFreePort()
    url = `http://127.0.0.1:${port}`
    await once(elsewhere.listen(port, '127.0.0.1'), 'listening')
  })
  afterAll(async () => {
    elsewhere.closeAllConnections()
    elsewhere.close()
    await server.stop()
  })

  it('shows images of public delivery with crossorigin="anonymous", and reads their pixels', async () => {
    const page = await openPage({ ...server, url }, { username: null })
    for (const path of [`/media/image/${item.id}`, item.urls.scaled, item.urls.high]) {
      const { isShown, left, right } = await page.evaluate<Seen>(readPixels(server.url + path))
      expect(isShown, path).toBe(true)
      const isRed = ([red = 0, , blue = 0]: number[]) => red > 150 && blue < 100
      const isBlue = ([red = 0, , blue = 0]: number[]) => blue > 150 && red < 100
      expect([isRed(left), isBlue(right)], `${path}: ${left} and ${right}`).toEqual([true, true])
    }
  })
})
