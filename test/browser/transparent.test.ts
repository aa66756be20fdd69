import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makePng, makeTransparentPng } from '../fixtures.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { describePage, image, itemPanel, openItem, openPage, PATIENCE } from './page.ts'

/** The computed background image of an element. */
const background = (locator: Locator): Promise<string> =>
  locator.evaluate(
    (element) => element.ownerDocument.defaultView?.getComputedStyle(element).backgroundImage ?? '',
  )

const isLoaded = (locator: Locator): Promise<boolean> =>
  locator.evaluate(
    (element) => Reflect.get(element, 'complete') && Reflect.get(element, 'naturalWidth') > 0,
  )

describePage('a transparent image', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer()
    const client = await signIn(server)
    await client.add('Opaque', [], await makePng({ width: 800, height: 600 }))
    await client.add('Logo', [], await makeTransparentPng({ width: 800, height: 600 }))
  })
  afterAll(() => server.stop())

  /** The background of an image in the grid, once the image is loaded. */
  const tile = async (page: Page, name: string) => {
    await expect.poll(() => isLoaded(image(page, name)), PATIENCE).toBe(true)
    return background(image(page, name))
  }
  const CHECKERBOARD = /^repeating-conic-gradient\(/

  it('has a checkerboard behind it in both colour schemes, and no placeholder, in the grid and when open', async () => {
    const boards: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await openPage(server, { colorScheme })
      await expect.poll(() => tile(page, 'Logo'), PATIENCE).toMatch(CHECKERBOARD)
      boards.push(await tile(page, 'Logo'))
      await expect.poll(() => tile(page, 'Opaque'), PATIENCE).toBe('none')

      await openItem(page, 'Logo')
      const picture = itemPanel(page).getByTestId('picture')
      const large = picture.getByRole('img', { name: 'Logo', exact: true })
      await expect.poll(() => isLoaded(large), PATIENCE).toBe(true)
      await expect.poll(() => background(picture), PATIENCE).toBe(boards.at(-1))
      // The small image has been removed, and no placeholder is painted.
      await expect.poll(() => picture.locator('img').count(), PATIENCE).toBe(1)
      expect(await background(large)).toBe('none')
    }
    expect(boards[0]).not.toBe(boards[1])
  })

  it('has its placeholder until it is loaded', async () => {
    const page = await openPage(server, { username: null })
    const gate = Promise.withResolvers<void>()
    await page.context().route('**/media/file/**', async (route) => {
      await gate.promise
      await route.continue()
    })
    const { cookie } = await signIn(server)
    const [name = '', value = ''] = cookie.split('=')
    await page.context().addCookies([{ name, value, url: server.url }])
    await page.reload()
    await expect.poll(() => background(image(page, 'Logo')), PATIENCE).toMatch(/^url\("data:/)
    gate.resolve()
    await expect.poll(() => background(image(page, 'Logo')), PATIENCE).toMatch(CHECKERBOARD)
  })
})
