import { afterAll, beforeAll, expect, it } from 'vitest'
import { fillLibrary } from '../fill-library.ts'
import { ADMIN_PASSWORD, makeDataFolder, type Server, startServer } from '../harness.ts'
import { describePage, openPage, PATIENCE } from './page.ts'

describePage('the language of the page', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(
      data,
      Array.from({ length: 1200 }, (_, index) => ({ name: `Foto ${index}` })),
    )
    server = await startServer({}, data)
  })
  afterAll(() => server.stop())

  const language = (page: Awaited<ReturnType<typeof openPage>>) =>
    page.locator('html').getAttribute('lang')

  it('is German in a German browser, from the sign-in form on', async () => {
    const page = await openPage(server, { username: null, locale: 'de-AT' })
    await page.getByLabel('Benutzername').fill('admin')
    await page.getByLabel('Passwort', { exact: true }).fill(ADMIN_PASSWORD)
    await page.getByRole('button', { name: 'Anmelden' }).click()
    await page.getByText('1.200 Bilder', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Hochladen', exact: true }).waitFor()
    expect(await language(page)).toBe('de')
  })

  it('can be chosen before signing in', async () => {
    const page = await openPage(server, { username: null })
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await page.getByRole('button', { name: 'Deutsch' }).click()
    await page.getByRole('button', { name: 'Anmelden' }).waitFor()
    expect(await language(page)).toBe('de')
  })

  it('is English in a browser of any other language', async () => {
    const page = await openPage(server, { locale: 'ja-JP' })
    await page.getByText('1,200 images', { exact: true }).waitFor()
    expect(await language(page)).toBe('en')
  })

  it('is the chosen one from then on, also after a reload', async () => {
    const page = await openPage(server)
    const choose = async (chosen: string) => {
      await page.getByRole('button', { name: 'admin', exact: true }).click()
      await page.getByRole('menuitemradio', { name: chosen }).click()
    }
    await choose('Deutsch')
    await page.getByText('1.200 Bilder', { exact: true }).waitFor()
    expect(await language(page)).toBe('de')
    await page.reload()
    await page.getByText('1.200 Bilder', { exact: true }).waitFor()
    await choose('English')
    await page.getByText('1,200 images', { exact: true }).waitFor()
  })

  it('leaves the colours to choose as well: those of the system, light or dark', async () => {
    const page = await openPage(server, { colorScheme: 'light' })
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const choose = async (chosen: string) => {
      await page.getByRole('button', { name: 'admin', exact: true }).click()
      await page.getByRole('menuitemradio', { name: chosen }).click()
    }
    await page.getByText('1,200 images', { exact: true }).waitFor()
    const light = await ground()
    await choose('Dark')
    await expect.poll(ground, PATIENCE).not.toBe(light)
    await page.reload()
    await page.getByText('1,200 images', { exact: true }).waitFor()
    expect(await ground()).not.toBe(light)
    await choose('As the system')
    await expect.poll(ground, PATIENCE).toBe(light)
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(ground, PATIENCE).not.toBe(light)
  })

  it('is set in our own typeface, from this server', async () => {
    const page = await openPage(server)
    await page.getByText('1,200 images', { exact: true }).waitFor()
    const faces = await page.evaluate<string[]>(
      "document.fonts.ready.then((fonts) => [...fonts].filter((face) => face.status === 'loaded').map((face) => face.family))",
    )
    expect(faces.join()).toContain('Figtree')
  })
})
