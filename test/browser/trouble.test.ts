import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { fillLibrary } from '../fill-library.ts'
import { ADMIN_PASSWORD, makeDataFolder, type Server, startServer } from '../harness.ts'
import { describePage, image, openItem, openPage, PATIENCE, signInForm } from './page.ts'

const LISTS = '**/media?*'

describePage('when something goes wrong:', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(
      data,
      Array.from({ length: 1000 }, (_, index) => ({ name: `Photo ${index + 1}` })),
    )
    server = await startServer({}, data)
    return () => server.stop()
  })

  const open = async (query = '') => {
    const page = await openPage(server, { query })
    await image(page, 'Photo 1000').waitFor()
    return page
  }
  const scrollToEnd = async (page: Page) => {
    await page.getByRole('main').hover()
    await page.mouse.wheel(0, 1e6)
  }
  const tryAgain = (page: Page) => page.getByRole('main').getByRole('button', { name: 'Try again' })
  const missing = (page: Page) => page.getByRole('gridcell', { name: 'Not loaded' })

  it('a server error keeps loaded images, marks missing ones, and offers another try', async () => {
    const page = await open()
    await page.route(LISTS, (route) => route.fulfill({ status: 500, json: {} }))
    await scrollToEnd(page)
    await page.getByText('The server could not load these images.').waitFor()
    await missing(page).first().waitFor()
    await page.unroute(LISTS)
    await tryAgain(page).click()
    await image(page, 'Photo 1').waitFor()
    expect(await missing(page).count()).toBe(0)
    expect(await tryAgain(page).count()).toBe(0)
  })

  it('without a network the page says so, and continues by itself when the network is back', async () => {
    const page = await open()
    await page.context().setOffline(true)
    await page.getByText('You are offline.').waitFor()
    await image(page, 'Photo 1000').waitFor()
    await scrollToEnd(page)
    await page.getByText('Missing images will load when the connection is back.').waitFor()
    await page.context().setOffline(false)
    await image(page, 'Photo 1').waitFor()
    await expect.poll(() => page.getByText('offline').count(), PATIENCE).toBe(0)
  })

  it('an unreachable server is retried automatically', async () => {
    const page = await open()
    await page.clock.install()
    await page.route(LISTS, (route) => route.abort())
    await scrollToEnd(page)
    const notice = page.getByText('The server cannot be reached. Missing images will load')
    await expect
      .poll(async () => {
        await page.clock.runFor(500)
        return notice.count()
      }, PATIENCE)
      .toBe(1)
    await page.unroute(LISTS)
    await page.clock.runFor(11_000)
    await image(page, 'Photo 1').waitFor()
    await notice.waitFor({ state: 'detached' })
  })

  it('a slow server is waited for with a progress bar, and then with a button to retry', async () => {
    const page = await open()
    await page.clock.install()
    let isSlow = true
    await page.route(LISTS, (route) => (isSlow ? undefined : route.continue()))
    await scrollToEnd(page)
    await expect
      .poll(async () => {
        await page.clock.runFor(200)
        return page.getByTestId('progress').count()
      }, PATIENCE)
      .toBe(1)
    expect(await tryAgain(page).count()).toBe(0)
    await page.clock.runFor(9000)
    await page.getByText('The server is slow to respond.').waitFor()
    isSlow = false
    await tryAgain(page).click()
    await image(page, 'Photo 1').waitFor()
    expect(await page.getByTestId('progress').count()).toBe(0)
  })

  it('a library that cannot be loaded at all says why, and can be tried again', async () => {
    const page = await open()
    await page.route(LISTS, (route) => route.fulfill({ status: 500, json: {} }))
    await page.reload()
    await page.getByRole('heading', { name: 'The images could not be loaded.' }).waitFor()
    await page.getByText('Something went wrong on the server.').waitFor()
    await page.unroute(LISTS)
    await tryAgain(page).click()
    await image(page, 'Photo 1000').waitFor()
  })

  it('a server that does not answer at all is reported, and can be tried again', async () => {
    const page = await open()
    await page.clock.install()
    await page.route('**/auth/me', (route) => route.abort())
    await page.reload()
    const told = page.getByRole('heading', { name: 'The library cannot be opened right now.' })
    await expect
      .poll(async () => {
        await page.clock.runFor(1000)
        return told.count()
      }, PATIENCE)
      .toBe(1)
    await page.unroute('**/auth/me')
    await tryAgain(page).click()
    await image(page, 'Photo 1000').waitFor()
  })

  it('a session that ends while the user scrolls shows the sign-in form, and the position is kept', async () => {
    const page = await open()
    await page.context().clearCookies()
    await scrollToEnd(page)
    const { form, username, password, submit } = signInForm(page)
    await form.waitFor()
    await username.fill('admin')
    await password.fill(ADMIN_PASSWORD)
    await submit.click()
    await image(page, 'Photo 1').waitFor()
    expect(await tryAgain(page).count()).toBe(0)
  })

  it('an image without its files shows its placeholder, at its size and with its name', async () => {
    const page = await open()
    const gone = image(page, 'Photo 1000')
    // Items of this library have no files.
    await page.getByTitle('The image cannot be shown.').first().waitFor()
    await expect.poll(() => gone.getAttribute('src'), PATIENCE).toMatch(/^data:image\/png/)
    const { width, height } = (await gone.boundingBox()) ?? {}
    expect([width, height]).toEqual([64, 48])

    const panel = await openItem(page, 'Photo 1000')
    await panel.getByText('The large image could not be loaded.').waitFor()
    const large = panel.getByRole('img', { name: 'Photo 1000' })
    await expect.poll(() => large.getAttribute('src'), PATIENCE).toMatch(/^data:image\/png/)
  })
})
