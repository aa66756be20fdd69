/** A real browser on the page of a real server. */
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, onTestFinished } from 'vitest'
import { ADMIN_PASSWORD, type Server, signIn } from '../harness.ts'
import { findTestBrowser } from '../install-browser.ts'
import { launchBrowser } from './launch.ts'

/** For what a server and a browser do on a machine that is busy. */
export const PATIENCE = { timeout: 10_000 }

const executablePath = findTestBrowser()
/** One for all files that this process works on; it ends with the process. */
let browser: Promise<Browser> | undefined

/** As `describe`, with a browser; skipped where there is none. */
export const describePage = (name: string, tests: () => void) =>
  describe.skipIf(executablePath === undefined)(name, () => {
    beforeAll(async () => {
      browser ??= launchBrowser(executablePath ?? '')
      await browser
    })
    tests()
  })

interface Visit extends BrowserContextOptions {
  /** Who is signed in: `admin` unless said otherwise; null for nobody. A session is shared. */
  username?: string | null
  password?: string
  /** Query of the address, for example `?search=cat`. */
  query?: string
}

/**
 * Opens the page in a browser that knows nothing yet, and closes it after the test. The test fails
 * if the page broke its content security policy or threw an error.
 */
export async function openPage(server: Server, visit: Visit = {}): Promise<Page> {
  const { username = 'admin', password = ADMIN_PASSWORD, query = '', ...options } = visit
  if (!browser) throw new Error('There is no browser outside of describePage.')
  const context = await (await browser).newContext({
    locale: 'en-GB',
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 800 },
    ...options,
  })
  context.setDefaultTimeout(PATIENCE.timeout)
  const faults: string[] = []
  context.on('console', (message) => {
    if (/content security policy/i.test(message.text())) faults.push(message.text())
  })
  context.on('weberror', (error) => faults.push(String(error.error())))
  onTestFinished(async () => {
    await context.close()
    expect(faults).toEqual([])
  })
  if (username !== null) {
    const [name = '', value = ''] = (await readCookie(server, username, password)).split('=')
    await context.addCookies([{ name, value, url: server.url, httpOnly: true, sameSite: 'Strict' }])
  }
  const page = await context.newPage()
  await page.goto(`${server.url}/${query}`)
  return page
}

const cookies = new WeakMap<Server, Map<string, Promise<string>>>()

/** Signing in is made to take long: the visits of one user to one server share a session. */
function readCookie(server: Server, username: string, password: string): Promise<string> {
  const known = cookies.get(server) ?? new Map<string, Promise<string>>()
  cookies.set(server, known)
  const cookie =
    known.get(username) ?? signIn(server, username, password).then((client) => client.cookie)
  known.set(username, cookie)
  return cookie
}

/** The form of who is not signed in. */
export function signInForm(page: Page) {
  const form = page.getByRole('form', { name: 'Sign in' })
  return {
    form,
    username: form.getByLabel('Username'),
    password: form.getByLabel('Password', { exact: true }),
    submit: form.getByRole('button', { name: 'Sign in' }),
  }
}

/** The images that the grid shows, in its order, by their names. */
export const shownNames = (page: Page): Promise<string[]> =>
  page
    .getByRole('main')
    .locator('[data-id]')
    .getByTestId('name')
    .evaluateAll((cells) => cells.map((cell) => cell.textContent ?? ''))

/** Waits until the grid shows exactly these images. */
export const expectNames = (page: Page, names: readonly string[]) =>
  expect.poll(() => shownNames(page), PATIENCE).toEqual(names)

/** An image of the grid, by its name. */
export const image = (page: Page, name: string): Locator =>
  page.getByRole('main').getByRole('link', { name, exact: true }).locator('img')

/** Opens an image; the panel that shows it. */
export async function openItem(page: Page, name: string): Promise<Locator> {
  await image(page, name).click()
  const panel = itemPanel(page)
  await panel.getByLabel('Name', { exact: true }).waitFor()
  return panel
}

/** The panel of the image that is open. */
export const itemPanel = (page: Page): Locator =>
  page.getByRole('dialog').filter({ has: page.getByLabel('Name', { exact: true }) })

/** Waits for a value of the query of the address; null for none. */
export const expectQuery = (page: Page, name: string, value: string | null) =>
  expect.poll(() => new URL(page.url()).searchParams.get(name), PATIENCE).toBe(value)

/** Whether the focus is on this, or within it. */
export const hasFocus = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element) => element.contains(element.ownerDocument.activeElement))

export const expectFocus = (locator: Locator) =>
  expect.poll(() => hasFocus(locator), PATIENCE).toBe(true)
