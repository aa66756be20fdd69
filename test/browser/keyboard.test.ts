import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { describePage, expectFocus, hasFocus, image, itemPanel, openPage } from './page.ts'

describePage('the keyboard alone', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer({ VITRINE_TRASH_DAYS: '0' })
    const client = await signIn(server)
    for (const [index, name] of ['Third', 'Second', 'First'].entries()) {
      await client.add(name, [], await makeJpeg({ seed: index + 1 }))
    }
  })
  afterAll(() => server.stop())

  /** Presses Tab until the focus is on or within `target`. */
  const tabTo = async (page: Page, target: Locator) => {
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press('Tab')
      if (await hasFocus(target)) return
    }
    throw new Error(`Tab does not lead to ${target}.`)
  }
  /** The link of an image in the grid, if it has the focus. */
  const cell = (page: Page, name: string) =>
    page.getByRole('main').getByRole('link', { name, exact: true }).and(page.locator(':focus'))

  it('reaches the tools, walks the grid, opens, edits, closes, and returns to the image', async () => {
    const page = await openPage(server)
    await image(page, 'First').waitFor()
    await tabTo(page, page.getByRole('searchbox'))
    await tabTo(page, page.getByRole('combobox', { name: 'Order' }))
    await tabTo(page, page.getByRole('button', { name: 'Upload', exact: true }))
    await tabTo(page, page.getByRole('main'))
    await cell(page, 'First').waitFor()

    await page.keyboard.press('ArrowRight')
    await cell(page, 'Second').waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowLeft')
    await cell(page, 'Second').waitFor()

    await page.keyboard.press('Enter')
    const name = itemPanel(page).getByLabel('Name', { exact: true })
    await name.waitFor()
    await expectFocus(itemPanel(page))
    await tabTo(page, name)
    await page.keyboard.press('End')
    await page.keyboard.type(' best')
    await page.keyboard.press('Enter')
    await page.getByText('Saved', { exact: true }).waitFor()

    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    await cell(page, 'Second best').waitFor()
  })

  it('keeps the focus within an open panel', async () => {
    const page = await openPage(server, { query: '?open=3' })
    const panel = itemPanel(page)
    await panel.waitFor()
    await expectFocus(panel)
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press('Tab')
      expect(await hasFocus(panel)).toBe(true)
    }
  })

  it('keeps the focus in the panel when a change is saved or discarded', async () => {
    const page = await openPage(server, { query: '?open=1' })
    const panel = itemPanel(page)
    const name = panel.getByLabel('Name', { exact: true })
    for (const action of ['Save', 'Discard changes']) {
      await name.press('!')
      const button = panel.getByRole('button', { name: action })
      await tabTo(page, button)
      await page.keyboard.press('Enter')
      await button.waitFor({ state: 'detached' })
      await expectFocus(panel)
    }
  })

  it('returns the focus from the question before a deletion to the Delete button', async () => {
    const page = await openPage(server, { query: '?open=3' })
    const remove = itemPanel(page).getByRole('button', { name: 'Delete' })
    await remove.waitFor()
    await tabTo(page, remove)
    await page.keyboard.press('Enter')
    const question = page.getByRole('dialog', { name: 'Delete “First”?' })
    await question.waitFor()
    await expectFocus(question)
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await expectFocus(remove)
  })
})
