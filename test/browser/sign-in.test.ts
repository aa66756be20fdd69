import { afterAll, beforeAll, expect, it } from 'vitest'
import { fillLibrary } from '../fill-library.ts'
import { ADMIN_PASSWORD, makeDataFolder, runCli, type Server, startServer } from '../harness.ts'
import {
  describePage,
  expectFocus,
  expectQuery,
  image,
  itemPanel,
  openItem,
  openPage,
  PATIENCE,
  shownNames,
  signInForm,
} from './page.ts'

describePage('signing in', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(data, [{ name: 'First' }, { name: 'Second' }])
    server = await startServer({}, data)
  })
  afterAll(() => server.stop())

  it('explains why a wrong password is refused, keeps the username, and accepts the right one', async () => {
    const page = await openPage(server, { username: null })
    const { username, password, submit } = signInForm(page)
    // The field has the focus from the start.
    await expectFocus(username)
    await username.fill('admin')
    await password.fill('not the password')
    await submit.click()
    const alert = page.getByRole('alert').filter({ hasText: 'password' })
    await alert.waitFor()
    expect(await alert.textContent()).toBe('Wrong username or password.')
    expect(await username.inputValue()).toBe('admin')

    await password.fill(ADMIN_PASSWORD)
    await password.press('Enter')
    await page.getByText('2 images', { exact: true }).waitFor()
    await page.reload()
    await page.getByText('2 images', { exact: true }).waitFor()
  })

  it('has a form that password managers recognise', async () => {
    const page = await openPage(server, { username: null })
    const { username, password } = signInForm(page)
    const attributes = async (name: string) => [
      await username.getAttribute(name),
      await password.getAttribute(name),
    ]
    expect(await attributes('name')).toEqual(['username', 'password'])
    expect(await attributes('autocomplete')).toEqual(['username', 'current-password'])
    expect(await password.getAttribute('type')).toBe('password')
  })

  it('leads to the view of the link that was opened', async () => {
    const page = await openPage(server, { username: null, query: '?search=first' })
    const { username, password, submit } = signInForm(page)
    await username.fill('admin')
    await password.fill(ADMIN_PASSWORD)
    await submit.click()
    await page.getByText('1 match', { exact: true }).waitFor()
  })

  it('ends by signing out, after which no image is shown', async () => {
    // This test ends the session, so it does not use the shared one.
    const page = await openPage(server, { username: null })
    const { username, password, submit } = signInForm(page)
    await username.fill('admin')
    await password.fill(ADMIN_PASSWORD)
    await submit.click()
    await page.getByRole('button', { name: 'admin', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await signInForm(page).form.waitFor()
    expect(await image(page, 'First').count()).toBe(0)
    await page.reload()
    await signInForm(page).form.waitFor()
  })

  it('is asked for over the page when the session ends, and no input is lost', async () => {
    const user = (args: string[]) =>
      runCli(server.data, ['user', ...args, '--password-stdin'], { input: 'a good password\n' })
    await user(['add', 'passing', '--role', 'editor'])
    const page = await openPage(server, { username: 'passing', password: 'a good password' })
    const panel = await openItem(page, 'First')
    await panel.getByLabel('Name', { exact: true }).fill('First of all')
    await user(['password', 'passing'])

    await panel.getByRole('button', { name: 'Save' }).click()
    const { form, username, password, submit } = signInForm(page)
    await form.waitFor()
    await page.getByText('Your session has ended.').waitFor()
    await expectFocus(username)
    // Escape does not close the form.
    await page.keyboard.press('Escape')
    expect(await form.isVisible()).toBe(true)
    await expectQuery(page, 'open', '1')

    await username.fill('passing')
    await password.fill('a good password')
    await submit.click()
    await form.waitFor({ state: 'hidden' })
    const name = itemPanel(page).getByLabel('Name', { exact: true })
    expect(await name.inputValue()).toBe('First of all')
    await itemPanel(page).getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    await expect.poll(async () => (await shownNames(page)).at(-1), PATIENCE).toBe('First of all')
  })
})
