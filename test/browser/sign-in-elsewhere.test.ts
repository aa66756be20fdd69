import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  AUDIENCE,
  CLAIMS,
  ISSUER,
  SECRET,
  signToken,
} from '../../src/auth/external/external.fixture.ts'
import { fillLibrary } from '../fill-library.ts'
import { makeDataFolder, type Server, startServer } from '../harness.ts'
import { describePage, image, itemPanel, openItem, openPage, signInForm } from './page.ts'

const SIGN_IN = 'https://house.example/sign-in'

describePage('signing in at another service', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(data, [{ name: 'First' }])
    const settings = {
      VITRINE_AUTH: 'external',
      VITRINE_AUTH_SECRET: SECRET,
      VITRINE_AUTH_ISSUER: ISSUER,
      VITRINE_AUTH_AUDIENCE: AUDIENCE,
      VITRINE_AUTH_ALGORITHMS: 'HS256',
      VITRINE_AUTH_SIGN_IN_URL: SIGN_IN,
    }
    server = await startServer(settings, data)
  })
  afterAll(() => server.stop())

  /** Sets the cookie that the other service would set in the same browser. */
  const signIn = async (page: Page) => {
    const value = await signToken({ ...CLAIMS, permissions: ['view-media', 'edit-media'] })
    await page.context().addCookies([{ name: 'refreshToken', value, url: server.url }])
  }
  const elsewhere = (page: Page) => {
    const part = page.getByRole('region', { name: 'Sign in' })
    return {
      part,
      link: part.getByRole('link', { name: 'Go to sign-in' }),
      go: part.getByRole('button', { name: 'I have signed in' }),
    }
  }

  it('is explained in place of the form, and leads into the library', async () => {
    const page = await openPage(server, { username: null })
    const { part, link, go } = elsewhere(page)
    await part.getByText('This library uses another service for sign-in.').waitFor()
    expect(await link.getAttribute('href')).toBe(SIGN_IN)
    expect(await signInForm(page).form.count()).toBe(0)
    await go.click()
    await part.getByText('You are not signed in yet.').waitFor()

    await signIn(page)
    await go.click()
    await image(page, 'First').waitFor()
    await page.getByRole('button', { name: 'vera', exact: true }).click()
    await page.getByText('Signed in as vera').waitFor()
    // The other service keeps the session and the account, so the menu offers neither.
    for (const name of ['Sign out', 'My account', 'Users']) {
      expect(await page.getByRole('menuitem', { name }).count(), name).toBe(0)
    }
  })

  it('is asked for over the page when the token expires, and no input is lost', async () => {
    const page = await openPage(server, { username: null })
    const { part, link, go } = elsewhere(page)
    await part.waitFor()
    await signIn(page)
    await page.reload()
    const panel = await openItem(page, 'First')
    await panel.getByLabel('Name', { exact: true }).fill('First of all')
    await page.context().clearCookies()
    await panel.getByRole('button', { name: 'Save' }).click()
    await part.getByText('Your session has ended.').waitFor()
    // In the same tab, the link would discard the input.
    expect(await link.getAttribute('target')).toBe('_blank')

    await signIn(page)
    await go.click()
    await part.waitFor({ state: 'hidden' })
    const name = itemPanel(page).getByLabel('Name', { exact: true })
    expect(await name.inputValue()).toBe('First of all')
    await itemPanel(page).getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
  })
})
