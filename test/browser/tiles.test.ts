import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { makeAnimatedGif, makeJpeg } from '../fixtures.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { describePage, itemPanel, openPage, PATIENCE } from './page.ts'

describePage('zooming into an image', () => {
  let server: Server
  const ids: Record<string, number> = {}
  beforeAll(async () => {
    server = await startServer()
    const client = await signIn(server)
    const files = {
      Large: await makeJpeg({ width: 5000, height: 3000 }),
      Small: await makeJpeg({ width: 600, height: 400 }),
      Moving: await makeAnimatedGif(2, { width: 1200, height: 900 }),
    }
    for (const [name, file] of Object.entries(files)) {
      ids[name] = (await client.add(name, [], file)).body.media.id
    }
    return () => server.stop()
  })

  /** Opens an image, and keeps the addresses of the tiles that the page requests. */
  const open = async (name: string, options = {}) => {
    const page = await openPage(server, { query: `?open=${ids[name]}`, ...options })
    const asked: string[] = []
    page.on('request', (request) => {
      const [, address] = request.url().split('/iiif/')
      if (address) asked.push(address)
    })
    await expect.poll(() => isLoaded(page, name), PATIENCE).toBe(true)
    return { page, asked }
  }
  const isLoaded = (page: Page, name: string) =>
    picture(page)
      .getByRole('img', { name, exact: true })
      .evaluate((image) => Reflect.get(image, 'complete') && Reflect.get(image, 'naturalWidth') > 0)
  const picture = (page: Page) => itemPanel(page).getByTestId('picture')
  const tiles = (page: Page) => picture(page).getByTestId('tile')
  const areLoaded = (page: Page) =>
    tiles(page).evaluateAll(
      (images) =>
        images.length > 0 && images.every((image) => Reflect.get(image, 'naturalWidth') > 0),
    )

  it('loads what its own pixels show of it, and nothing before', async () => {
    const { page, asked } = await open('Large')
    expect(asked).toEqual([])
    // Five times its size on the stage: about its own pixels.
    for (const _ of [1, 2, 3, 4]) await page.keyboard.press('+')
    await expect.poll(() => areLoaded(page), PATIENCE).toBe(true)
    expect(asked[0]).toBe('info.json')
    expect(asked.some((address) => address.includes(',512,512/512,512/'))).toBe(true)
    // Not the tiles of the whole image.
    expect(await tiles(page).count()).toBeLessThan(30)

    const edges = await tiles(page).evaluateAll((images) =>
      images.map((image) => image.getBoundingClientRect().toJSON()),
    )
    const stage = await itemPanel(page).getByTestId('stage').boundingBox()
    expect(Math.min(...edges.map(({ left }) => left))).toBeLessThanOrEqual(stage?.x ?? 0)
    expect(Math.max(...edges.map(({ right }) => right))).toBeGreaterThanOrEqual(
      (stage?.x ?? 0) + (stage?.width ?? 0),
    )
    await page.keyboard.press('Escape')
    await expect.poll(() => tiles(page).count(), PATIENCE).toBe(0)
    expect(await itemPanel(page).isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
  })

  it('loads none where the image is shown in all its pixels, or moves', async () => {
    for (const name of ['Small', 'Moving']) {
      const { page, asked } = await open(name)
      for (const _ of [1, 2, 3]) await page.keyboard.press('+')
      await page.getByRole('button', { name: 'Show whole image, 3.4×' }).waitFor()
      await page.keyboard.press('0')
      await page.getByRole('button', { name: 'Show whole image, 1×' }).waitFor()
      expect(asked).toEqual([])
    }
  })

  it('loads a larger image where the server has no tiles', async () => {
    const { page } = await open('Large', { viewport: { width: 800, height: 600 } })
    await page.route('**/iiif/info.json', (route) => route.fulfill({ status: 404, json: {} }))
    const larger = page.waitForRequest(/w_3840\.webp$/)
    for (const _ of [1, 2, 3, 4, 5]) await page.keyboard.press('+')
    await larger
    expect(await tiles(page).count()).toBe(0)
  })
})
