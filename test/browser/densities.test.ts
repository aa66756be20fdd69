import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { describePage, image, itemPanel, openItem, openPage, PATIENCE } from './page.ts'

describePage('on a screen of any density', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer()
    const client = await signIn(server)
    await client.add('Wide', [], await makeJpeg({ width: 4200, height: 2800 }))
    return () => server.stop()
  })

  /** Opens the page, and keeps the last part of the address of each image that it requests. */
  const open = async (deviceScaleFactor: number) => {
    const viewport = { width: 1200, height: 800 }
    const page = await openPage(server, { username: null, deviceScaleFactor, viewport })
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/media/file/')) asked.push(request.url().replace(/.*\//, ''))
    })
    const { cookie } = await signIn(server)
    const [name = '', value = ''] = cookie.split('=')
    await page.context().addCookies([{ name, value, url: server.url }])
    await page.reload()
    return { page, asked }
  }
  const isLoaded = (page: Page) =>
    image(page, 'Wide').evaluate(
      (shown) => Reflect.get(shown, 'complete') && Reflect.get(shown, 'currentSrc') !== '',
    )

  // Cells are 226 pixels wide, and the stage 860. Browsers take the next one up, or a little less.
  it.each([
    [1, 'scaled.webp', 'w_960.webp'],
    [2, 'w_480.webp', 'w_1920.webp'],
    [3, 'w_800.webp', 'w_3200.webp'],
  ])('of %d, loads what is sharp there, once and not larger', async (density, tile, large) => {
    const { page, asked } = await open(density)
    await expect.poll(() => isLoaded(page), PATIENCE).toBe(true)
    expect(asked).toEqual([tile])
    await openItem(page, 'Wide')
    await expect.poll(() => asked.at(-1), PATIENCE).toBe(large)
    await page.keyboard.press('f')
    await expect.poll(() => asked.at(-1), PATIENCE).not.toBe(large)
    // The small image shows until then.
    expect(asked.filter((file) => !file.startsWith('w_'))).toEqual(['scaled.webp'])
  })

  it('shows the small image where the server refuses a sharper one', async () => {
    const { page, asked } = await open(2)
    await page.route('**/w_*.webp', (route) => route.fulfill({ status: 503 }))
    await page.reload()
    await expect.poll(() => asked.at(-1), PATIENCE).toBe('scaled.webp')
    await expect.poll(() => isLoaded(page), PATIENCE).toBe(true)
    expect(await page.getByTitle('The image cannot be shown.').count()).toBe(0)
    await openItem(page, 'Wide')
    await expect.poll(() => asked.at(-1), PATIENCE).toBe('high.webp')
    await itemPanel(page).getByRole('img', { name: 'Wide' }).waitFor()
    expect(await page.getByText('The large image could not be loaded.').count()).toBe(0)
  })
})
