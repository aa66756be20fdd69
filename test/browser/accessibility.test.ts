import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg, makeSvg } from '../fixtures.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { describePage, image, itemPanel, openItem, openPage, signInForm } from './page.ts'

/** Fails with what axe finds at serious or critical, and where and why, in light or dark. */
async function expectNoFaults(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor()
    const axe = new AxeBuilder({ page })
    // All that differs is the colours.
    if (colorScheme === 'dark') axe.withRules('color-contrast')
    const { violations } = await axe.analyze()
    const faults = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, any, all }) => {
          const reasons = [...any, ...all].map(({ message }) => message)
          return `${colorScheme}, ${id}: ${html} ${reasons.join(' ')}`
        }),
      )
    expect(faults).toEqual([])
  }
}

const SCREENS: Record<string, (page: Page) => Promise<unknown>> = {
  'the grid': (page) => image(page, 'Seen').waitFor(),
  'a search': async (page) => {
    await page.getByRole('searchbox').fill('see')
    await page.locator('mark').waitFor()
  },
  'a search that finds nothing': async (page) => {
    await page.getByRole('searchbox').fill('zebra')
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor()
  },
  'the menu': async (page) => {
    await page.getByRole('button', { name: 'admin', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor()
  },
  'an image': async (page) => {
    const panel = await openItem(page, 'Seen')
    await panel.getByLabel('Name', { exact: true }).fill('Changed')
    await panel.getByRole('button', { name: 'Save' }).waitFor()
  },
  'the question of a delete': async (page) => {
    const panel = await openItem(page, 'Seen')
    await panel.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog', { name: 'Delete', exact: true }).waitFor()
  },
  'uploads, one of them refused': async (page) => {
    const files = [
      { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: makeSvg() },
      { name: 'Again.jpg', mimeType: 'image/jpeg', buffer: await makeJpeg() },
    ]
    await page.getByRole('button', { name: 'Upload', exact: true }).waitFor()
    await page.getByRole('main').drop({ files })
    await page.getByText('image/svg+xml;').waitFor()
    await page.getByText('The library already holds this file.').waitFor()
  },
  'a session that is over': async (page) => {
    const panel = await openItem(page, 'Seen')
    await panel.getByLabel('Name', { exact: true }).fill('Changed')
    await page.context().clearCookies()
    await itemPanel(page).getByRole('button', { name: 'Save' }).click()
    await signInForm(page).form.waitFor()
  },
}

describePage('axe finds nothing serious, in light and dark,', () => {
  let server: Server
  let empty: Server
  beforeAll(async () => {
    server = await startServer()
    empty = await startServer()
    await (await signIn(server)).add('Seen', ['one', 'two'], await makeJpeg())
  })
  afterAll(() => Promise.all([server.stop(), empty.stop()]))

  it.each(Object.entries(SCREENS))('on %s', async (_name, show) => {
    const page = await openPage(server)
    await show(page)
    await expectNoFaults(page)
  })

  it('on the form to sign in, and when it is refused', async () => {
    const page = await openPage(server, { username: null })
    const { username, password, submit } = signInForm(page)
    await username.fill('nobody')
    await expectNoFaults(page)
    await password.fill('wrong password')
    await submit.click()
    await page.getByText('The username or the password is wrong.').waitFor()
    await expectNoFaults(page)
  })

  it('on an empty library', async () => {
    const page = await openPage(empty)
    await page.getByText('The library is empty.').waitFor()
    await expectNoFaults(page)
  })

  it('on a phone', async () => {
    const page = await openPage(server, { viewport: { width: 390, height: 844 } })
    await image(page, 'Seen').waitFor()
    await expectNoFaults(page)
  })
})
