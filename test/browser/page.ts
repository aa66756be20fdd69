/** Opens the page of a real server in a real browser. */
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, onTestFinished } from 'vitest'
import { ADMIN_PASSWORD, type Server, signIn } from '../harness.ts'
import { findTestBrowser } from '../install-browser.ts'
import { launchBrowser } from './launch.ts'

/** Timeout for the server and the browser on a busy machine. */
export const PATIENCE = { timeout: 10_000 }

const executablePath = findTestBrowser()
/** One browser for all test files of this process. It ends with the process. */
let browser: Promise<Browser> | undefined

/** Like `describe`, with a browser. Skipped if no browser is installed. */
export const describePage = (name: string, tests: () => void) =>
  describe.skipIf(executablePath === undefined)(name, () => {
    beforeAll(async () => {
      browser ??= launchBrowser(executablePath ?? '')
      await browser
    })
    tests()
  })

interface Visit extends BrowserContextOptions {
  /** The user to sign in, by default `admin`; null for none. Visits of the same user share a session. */
  username?: string | null
  password?: string
  /** Query of the address, for example `?search=cat`. */
  query?: string
}

/**
 * Opens the page in a fresh browser context, and closes it after the test. The test fails if the page
 * violated its content security policy or threw an error.
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

/** Signing in is slow by design, so the visits of one user to one server share a session. */
function readCookie(server: Server, username: string, password: string): Promise<string> {
  const known = cookies.get(server) ?? new Map<string, Promise<string>>()
  cookies.set(server, known)
  const cookie =
    known.get(username) ?? signIn(server, username, password).then((client) => client.cookie)
  known.set(username, cookie)
  return cookie
}

/** A link of the navigation beside the library. */
export const place = (page: Page, name: string | RegExp) =>
  page.getByRole('navigation', { name: 'Navigation' }).getByRole('link', { name })

/** The sign-in form and its fields. */
export function signInForm(page: Page) {
  const form = page.getByRole('form', { name: 'Sign in' })
  return {
    form,
    username: form.getByLabel('Username'),
    password: form.getByLabel('Password', { exact: true }),
    submit: form.getByRole('button', { name: 'Sign in' }),
  }
}

/** The names of the images in the grid, in order. */
export const shownNames = (page: Page): Promise<string[]> =>
  page
    .getByRole('main')
    .locator('[data-id]')
    .getByTestId('name')
    .evaluateAll((cells) => cells.map((cell) => cell.textContent ?? ''))

/** Waits until the grid shows exactly these images, in this order. */
export const expectNames = (page: Page, names: readonly string[]) =>
  expect.poll(() => shownNames(page), PATIENCE).toEqual(names)

/** An image of the grid, by its name. */
export const image = (page: Page, name: string): Locator =>
  page.getByRole('main').getByRole('link', { name, exact: true }).locator('img')

/** Opens an image. @returns the panel that shows it */
export async function openItem(page: Page, name: string): Promise<Locator> {
  await image(page, name).click()
  const panel = itemPanel(page)
  await panel.getByLabel('Name', { exact: true }).waitFor()
  return panel
}

/** The panel of the image that is open. */
export const itemPanel = (page: Page): Locator =>
  page.getByRole('dialog').filter({ has: page.getByLabel('Name', { exact: true }) })

/** Waits until a parameter of the page's query has this value; null for none. */
export const expectQuery = (page: Page, name: string, value: string | null) =>
  expect.poll(() => new URL(page.url()).searchParams.get(name), PATIENCE).toBe(value)

/** Whether the focus is on the element or within it. */
export const hasFocus = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element) => element.contains(element.ownerDocument.activeElement))

export const expectFocus = (locator: Locator) =>
  expect.poll(() => hasFocus(locator), PATIENCE).toBe(true)
