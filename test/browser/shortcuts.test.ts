import { beforeAll, expect, it } from 'vitest'
import { fillLibrary } from '../fill-library.ts'
import { makeDataFolder, runCli, type Server, startServer } from '../harness.ts'
import {
  describePage,
  expectFocus,
  image,
  itemPanel,
  openItem,
  openPage,
  PATIENCE,
} from './page.ts'
import { opener } from './select-steps.ts'

const PASSWORD = 'a good password'

describePage('the keyboard shortcuts', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(
      data,
      Array.from({ length: 500 }, (_, index) => ({ name: `Photo ${index + 1}` })),
    )
    server = await startServer({ VITRINE_TRASH_DAYS: '0' }, data)
    return () => server.stop()
  })

  it('are listed by the question mark; closing the list returns the focus', async () => {
    const page = await openPage(server)
    await opener(page, 'Photo 499').focus()
    await page.keyboard.press('?')
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await sheet.getByRole('row', { name: 'Select all Ctrl + A' }).waitFor()
    await expectFocus(sheet)
    // The grid behind the dialog ignores keys.
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
    await expectFocus(opener(page, 'Photo 499'))
    expect(await page.getByText(/selected$/).count()).toBe(0)
  })

  it('are listed from the menu, in the language of the page', async () => {
    const page = await openPage(server, { locale: 'de-DE' })
    const menu = page.getByRole('button', { name: 'admin', exact: true })
    await menu.click()
    await page.getByRole('menuitem', { name: 'Tastenkürzel' }).click()
    const sheet = page.getByRole('dialog', { name: 'Tastenkürzel' })
    await sheet.getByRole('row', { name: 'Alles auswählen Strg + A' }).waitFor()
    await page.keyboard.press('?')
    await sheet.waitFor({ state: 'detached' })
    await expectFocus(menu)
  })

  it('are listed over an open image, which stays open', async () => {
    const page = await openPage(server)
    const panel = await openItem(page, 'Photo 500')
    await page.keyboard.press('?')
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await sheet.waitFor()
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
    expect(await itemPanel(page).count()).toBe(1)
    await expectFocus(panel)
  })

  it('lead to the search field, where they are plain text', async () => {
    const page = await openPage(server)
    await image(page, 'Photo 500').waitFor()
    const search = page.getByRole('searchbox')
    await page.keyboard.press('/')
    await expectFocus(search)
    await page.keyboard.type('a/b?')
    expect(await search.inputValue()).toBe('a/b?')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('lead from the search field to the first match, and nowhere if there is no match', async () => {
    const page = await openPage(server)
    await image(page, 'Photo 500').waitFor()
    const search = page.getByRole('searchbox')
    await search.fill('photo 12')
    await search.press('ArrowDown')
    await expectFocus(opener(page, 'Photo 412'))
    await search.fill('zebra')
    await search.press('Enter')
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor()
    await expectFocus(search)
    // Nor does the focus move later, while the user types on.
    await search.fill('photo 13')
    await page.getByText('15 matches', { exact: true }).waitFor()
    await expectFocus(search)
  })

  it('delete the focused image after a question, and undo that', async () => {
    const page = await openPage(server)
    await opener(page, 'Photo 498').focus()
    await page.keyboard.press('Delete')
    const question = page.getByRole('dialog', { name: 'Delete “Photo 498”?' })
    await question.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Being deleted').waitFor()
    await page.keyboard.press('ControlOrMeta+z')
    await page.getByText('Being deleted').waitFor({ state: 'detached' })
  })

  it('are listed only if the user may use them', async () => {
    const args = ['user', 'add', 'visitor', '--role', 'viewer', '--password-stdin']
    await runCli(server.data, args, { input: `${PASSWORD}\n` })
    const page = await openPage(server, { username: 'visitor', password: PASSWORD })
    await image(page, 'Photo 500').waitFor()
    await page.keyboard.press('?')
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await sheet.getByRole('row', { name: 'First and last image' }).waitFor()
    for (const name of ['Select all', 'Delete the selection']) {
      expect(await sheet.getByRole('row', { name }).count(), name).toBe(0)
    }
  })

  it('continue from the focused image, however far it was scrolled away', async () => {
    const page = await openPage(server)
    await opener(page, 'Photo 499').focus()
    await page.getByRole('main').hover()
    await page.mouse.wheel(0, 1e6)
    await image(page, 'Photo 1').waitFor()
    await image(page, 'Photo 480').waitFor({ state: 'detached' })
    await expectFocus(opener(page, 'Photo 499'))
    await page.keyboard.press('ArrowRight')
    await expectFocus(opener(page, 'Photo 498'))
    await expect
      .poll(() => page.getByTestId('grid').evaluate((grid) => grid.scrollTop), PATIENCE)
      .toBeLessThan(300)
  })

  it('move far through the grid without losing the focus', async () => {
    const page = await openPage(server)
    await opener(page, 'Photo 500').focus()
    await page.keyboard.press('ControlOrMeta+End')
    await expectFocus(opener(page, 'Photo 1'))
    for (let presses = 0; presses < 6; presses++) await page.keyboard.press('PageUp')
    await page.keyboard.press('Home')
    const left = page.getByRole('main').locator('a:focus')
    await expect.poll(() => left.count(), PATIENCE).toBe(1)
    await page.keyboard.press('ControlOrMeta+Home')
    await expectFocus(opener(page, 'Photo 500'))
  })

  it('keep the focused image when the window is resized and every image moves', async () => {
    const page = await openPage(server)
    await opener(page, 'Photo 496').focus()
    for (const width of [390, 700, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      await expectFocus(opener(page, 'Photo 496'))
    }
  })
})
