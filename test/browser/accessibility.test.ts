import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { makeHtml, makeJpeg } from '../fixtures.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import {
  describePage,
  expectFocus,
  image,
  itemPanel,
  openItem,
  openPage,
  signInForm,
} from './page.ts'
import { change, retag, select, selectionBar } from './select-steps.ts'

type Screens = Record<string, (page: Page) => Promise<unknown>>

const SCREENS: Record<string, Screens> = {
  'the library': {
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
    'the shortcuts': async (page) => {
      await image(page, 'Seen').waitFor()
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    },
  },
  'a selection': {
    'a selection': (page) => select(page, 'Seen'),
    'the tags of a selection': async (page) => {
      await select(page, 'Seen')
      await change(page, 'Add tags')
      await page.getByRole('dialog').getByRole('combobox', { name: 'Tags' }).fill('o')
      await page.getByRole('option', { name: 'one' }).waitFor()
    },
    'the question about a selection, and a deletion that can be undone': async (page) => {
      await select(page, 'Seen')
      await selectionBar(page).getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('dialog', { name: 'Delete 1 image?' }).waitFor()
      await expectNoFaults(page)
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      const undo = page.getByRole('button', { name: 'Undo' })
      await undo.waitFor()
      await expectNoFaults(page)
      await undo.click()
    },
    'the failures of a change of many images': async (page) => {
      const failed = [{ id: 7, name: 'Full', data: 'Invalid parameters', code: 400, detail: 'No.' }]
      const line = { data: 'Done', code: 200, done: 0, failures: 1, failed }
      await page.route('**/media/bulk/tags', (route) =>
        route.fulfill({ contentType: 'application/x-ndjson', body: `${JSON.stringify(line)}\n` }),
      )
      await select(page, 'Seen')
      await retag(page, 'Add tags', 'x')
      await page.getByText('1 image failed.').waitFor()
      await expectNoFaults(page)
      await page.getByRole('button', { name: 'Details' }).click()
      await page.getByRole('dialog').getByRole('row', { name: 'Full' }).waitFor()
    },
  },
  'an image': {
    'an image': async (page) => {
      const panel = await openItem(page, 'Seen')
      await panel.getByLabel('Name', { exact: true }).fill('Changed')
      await panel.getByRole('button', { name: 'Save' }).waitFor()
    },
    'an image that fills the window, zoomed': async (page) => {
      await openItem(page, 'Seen')
      await page.keyboard.press('f')
      await page.keyboard.press('+')
      await page.getByRole('button', { name: 'Exit full window' }).waitFor()
    },
    'the question before a deletion': async (page) => {
      const panel = await openItem(page, 'Seen')
      await panel.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('dialog', { name: 'Delete “Seen”?' }).waitFor()
    },
    'an image that was deleted': async (page) => {
      await page.goto(`${page.url().split('?')[0]}?open=999`)
      await page.getByRole('button', { name: 'Back to the library' }).waitFor()
    },
  },
  trouble: {
    'a library that cannot be loaded': async (page) => {
      await page.route('**/media?*', (route) => route.fulfill({ status: 500, json: {} }))
      await page.reload()
      await page.getByRole('heading', { name: 'The images could not be loaded.' }).waitFor()
    },
    'a library that is offline, with images that are missing': async (page) => {
      await page.unroute('**/media?*')
      await page.route('**/media/file/**', (route) => route.abort())
      await page.reload()
      await page.getByTitle('The image cannot be shown.').waitFor()
      await page.context().setOffline(true)
      await page.getByText('You are offline.').waitFor()
    },
  },
  uploads: {
    'uploads, one of them refused': async (page) => {
      const files = [
        { name: 'page.html', mimeType: 'text/html', buffer: makeHtml() },
        { name: 'Again.jpg', mimeType: 'image/jpeg', buffer: await makeJpeg() },
      ]
      await page.getByRole('button', { name: 'Upload', exact: true }).waitFor()
      await page.getByRole('main').drop({ files })
      await page.getByText('text/html').waitFor()
      await page.getByText('This file was already in the library.').waitFor()
    },
  },
  accounts: {
    'my account': async (page) => {
      await page.goto(`${page.url()}?manage=account`)
      await page.getByRole('table', { name: 'Sessions' }).waitFor()
      await page.getByText('There are no personal tokens.').waitFor()
      await expectNoFaults(page)
      await page.getByRole('button', { name: 'New token' }).click()
      await page.getByLabel('Purpose').fill('backup')
      await expectNoFaults(page)
      await page.getByRole('button', { name: 'Create token' }).click()
      await page.getByTestId('secret').waitFor()
    },
    'the users': async (page) => {
      await page.goto(`${page.url()}?manage=users`)
      await page.getByRole('table', { name: 'Users' }).waitFor()
      await expectNoFaults(page)
      await page.getByRole('button', { name: 'New user' }).click()
      await page.getByRole('dialog', { name: 'New user' }).waitFor()
    },
    'a user': async (page) => {
      await page.goto(`${page.url()}?manage=users&user=1`)
      await page.getByRole('table', { name: 'Personal tokens' }).waitFor()
      await page.getByRole('table', { name: 'Sessions' }).waitFor()
    },
    'the audit trail, on a phone as well': async (page) => {
      await page.goto(`${page.url()}?manage=audit`)
      await page.getByRole('table', { name: 'Audit trail' }).waitFor()
      await expectNoFaults(page)
      await page.setViewportSize({ width: 390, height: 844 })
    },
    statistics: async (page) => {
      await page.goto(`${page.url()}?manage=statistics`)
      await page.getByRole('table', { name: 'Growth' }).waitFor()
    },
  },
  'the end of a session': {
    'a session that has ended': async (page) => {
      const panel = await openItem(page, 'Seen')
      await panel.getByLabel('Name', { exact: true }).fill('Changed')
      await page.context().clearCookies()
      await itemPanel(page).getByRole('button', { name: 'Save' }).click()
      await signInForm(page).form.waitFor()
    },
  },
}

describePage('axe finds no violation, in light and dark,', () => {
  let server: Server
  let empty: Server
  beforeAll(async () => {
    server = await startServer({ VITRINE_TRASH_DAYS: '0' })
    empty = await startServer()
    await (await signIn(server)).add('Seen', ['one', 'two'], await makeJpeg())
  })
  afterAll(() => Promise.all([server.stop(), empty.stop()]))

  // One page visits all screens of a group: opening a page takes longer than everything else.
  it.each(Object.entries(SCREENS))('on the screens of %s', async (_name, screens) => {
    const page = await openPage(server)
    for (const [name, show] of Object.entries(screens)) {
      await page.goto(server.url)
      await show(page)
      await expectNoFaults(page, name)
    }
  })

  it('on the sign-in form, empty and refused', async () => {
    const page = await openPage(server, { username: null })
    const { username, password, submit } = signInForm(page)
    await username.fill('nobody')
    await expectNoFaults(page)
    await password.fill('wrong password')
    await submit.click()
    await page.getByText('Wrong username or password.').waitFor()
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
    await page.getByRole('button', { name: 'Order and size' }).click()
    await page.getByRole('menuitemradio', { name: 'Oldest first' }).waitFor()
    await expectNoFaults(page)
    await page.keyboard.press('Escape')

    await page.getByRole('checkbox', { name: 'Select “Seen”' }).click()
    const tags = selectionBar(page).getByRole('button', { name: 'Change' })
    await tags.click()
    await page.getByRole('menuitem', { name: 'Remove tags' }).waitFor()
    await expectNoFaults(page)
    await page.getByRole('menuitem', { name: 'Add tags' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add tags to 1 image' })
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await expectFocus(tags)
  })
})
