import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from '../harness.ts'
import {
  describePage,
  expectFocus,
  expectQuery,
  image,
  itemPanel,
  openPage,
  PATIENCE,
  signInForm,
} from './page.ts'

const PASSWORD = 'a good password'

describePage('accounts', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    server = await startServer({}, data)
    for (const [name, role] of [
      ['edda', 'editor'],
      ['visitor', 'viewer'],
      ['other', 'editor'],
    ] as const) {
      const args = ['user', 'add', name, '--role', role, '--password-stdin']
      await runCli(data, args, { input: `${PASSWORD}\n` })
    }
    await (await signIn(server)).add('Seen', ['one'], await makeJpeg())
    return () => server.stop()
  })

  const panel = (page: Page) => page.getByRole('dialog', { name: 'Accounts' })
  const row = (page: Page, table: string, name: string | RegExp) =>
    page.getByRole('table', { name: table }).getByRole('row', { name })
  const openFromMenu = async (page: Page, username: string, part: string) => {
    await page.getByRole('button', { name: username, exact: true }).click()
    await page.getByRole('menuitem', { name: part }).click()
    await panel(page).waitFor()
  }
  const confirm = (page: Page, question: string, button: string) =>
    page.getByRole('dialog', { name: question }).getByRole('button', { name: button }).click()
  const statusOf = async (client: Client, path = '/media') => (await client.get(path)).status

  it('let users change their password, which ends their other sessions', async () => {
    const elsewhere = await signIn(server, 'edda', PASSWORD)
    const page = await openPage(server, { username: 'edda', password: PASSWORD })
    await openFromMenu(page, 'edda', 'My account')
    await expectQuery(page, 'manage', 'account')
    const current = panel(page).getByLabel('Current password')
    const next = panel(page).getByLabel('New password')
    const change = panel(page).getByRole('button', { name: 'Change password' })
    await current.fill('a wrong password')
    await next.fill('another good password')
    await change.click()
    await page.getByText('The current password is wrong.').waitFor()
    expect(await next.inputValue()).toBe('another good password')
    expect(await statusOf(elsewhere)).toBe(200)

    await current.fill(PASSWORD)
    await change.click()
    await page.getByText('The password was changed.').waitFor()
    expect(await next.inputValue()).toBe('')
    expect(await statusOf(elsewhere)).toBe(401)
    await signIn(server, 'edda', 'another good password')

    await page.reload()
    await panel(page).getByLabel('Current password').waitFor()
    await page.keyboard.press('Escape')
    await panel(page).waitFor({ state: 'detached' })
    await expectQuery(page, 'manage', null)
  })

  it('list the sessions of a user, and end them', async () => {
    const elsewhere = new Client(server.url)
    const { headers } = await elsewhere.request('POST', '/auth/login', {
      json: { username: 'other', password: PASSWORD },
      headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0' },
    })
    elsewhere.cookie = headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const page = await openPage(server, { username: 'other', password: PASSWORD })
    await openFromMenu(page, 'other', 'My account')
    await row(page, 'Sessions', /This session/).waitFor()
    await page.getByRole('button', { name: 'End session: Firefox on Linux' }).click()
    await page.getByText('The session was ended.').waitFor()
    expect(await statusOf(elsewhere)).toBe(401)
    await row(page, 'Sessions', /Firefox/).waitFor({ state: 'detached' })
    await expectFocus(panel(page))

    const another = await signIn(server, 'other', PASSWORD)
    await page.reload()
    await page.getByRole('button', { name: 'End all other sessions' }).click()
    await confirm(page, 'End all other sessions', 'End all other sessions')
    await page.getByText('The sessions were ended.').waitFor()
    expect(await statusOf(another)).toBe(401)
    expect(await row(page, 'Sessions', /This session/).count()).toBe(1)
  })

  it('have tokens, each shown once, which work until they are revoked', async () => {
    const page = await openPage(server, { username: 'other', password: PASSWORD })
    await openFromMenu(page, 'other', 'My account')
    const add = panel(page).getByRole('button', { name: 'New token' })
    await add.click()
    const form = page.getByRole('dialog', { name: 'New token' })
    await form.getByLabel('Purpose').fill('backup')
    expect(await form.getByLabel('Manage accounts').count()).toBe(0)
    await form.getByRole('button', { name: 'Create token' }).click()
    const shown = page.getByRole('dialog', { name: 'Your new token' })
    const secret = (await shown.getByTestId('secret').textContent()) ?? ''
    expect(secret).toMatch(/^vitrine_/)
    await expectFocus(shown.getByRole('button', { name: 'Copy' }))
    // Escape does not close the dialog: the token would be lost.
    await page.keyboard.press('Escape')
    expect(await shown.isVisible()).toBe(true)
    await shown.getByRole('button', { name: 'I have saved it' }).click()
    await shown.waitFor({ state: 'detached' })
    await expectFocus(add)
    expect(await page.getByText(secret).count()).toBe(0)

    const script = new Client(server.url)
    const authorized = { headers: { authorization: `Bearer ${secret}` } }
    expect((await script.get('/media', authorized)).status).toBe(200)
    await row(page, 'Personal tokens', /backup.*View images/).waitFor()
    await page.getByRole('button', { name: 'Revoke “backup”' }).click()
    await confirm(page, 'Revoke “backup”', 'Revoke')
    await page.getByText('The token was revoked.').waitFor()
    expect((await script.get('/media', authorized)).status).toBe(401)
    await page.getByText('There are no personal tokens.').waitFor()
  })

  it('are created, changed and deleted by an administrator', async () => {
    const page = await openPage(server)
    await openFromMenu(page, 'admin', 'Users')
    await page.getByRole('button', { name: 'New user' }).click()
    const form = page.getByRole('dialog', { name: 'New user' })
    await form.getByLabel('Username').fill('visitor')
    await form.getByRole('button', { name: 'Generate password' }).click()
    await form.getByLabel('Role').selectOption('Editor')
    const password = await form.getByLabel('Password', { exact: true }).inputValue()
    expect(password.length).toBeGreaterThan(20)
    await form.getByRole('button', { name: 'Add user' }).click()
    // The form keeps its input and shows the reason.
    await form.getByRole('alert').waitFor()
    await form.getByLabel('Username').fill('newcomer')
    await form.getByRole('button', { name: 'Add user' }).click()
    await page.getByText('The user newcomer was added.').waitFor()
    const newcomer = await signIn(server, 'newcomer', password)

    await page.getByRole('button', { name: 'Manage newcomer' }).click()
    await expectFocus(panel(page).getByRole('heading', { name: 'newcomer' }))
    await expect.poll(() => new URL(page.url()).searchParams.get('user'), PATIENCE).not.toBeNull()
    await page.getByLabel('Role').selectOption('Viewer')
    await page.getByText('The role was changed.').waitFor()
    expect((await newcomer.delete('/media/delete/1')).status).toBe(403)

    await page.getByRole('button', { name: 'Disable' }).click()
    await confirm(page, 'Disable newcomer?', 'Disable')
    await page.getByText('The account was disabled.').waitFor()
    expect(await statusOf(newcomer)).toBe(401)
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByText('The account was enabled.').waitFor()
    await page.getByRole('button', { name: 'Set new password' }).click()
    const reset = page.getByRole('dialog', { name: 'Set new password' })
    await reset.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await reset.getByRole('button', { name: 'Set new password' }).click()
    await page.getByText('The password was changed.').waitFor()
    const again = await signIn(server, 'newcomer', PASSWORD)

    await page.getByRole('button', { name: 'All users' }).click()
    await row(page, 'Users', /newcomer/).waitFor()
    await expectFocus(panel(page))
    await page.goBack()
    await page.reload()
    await page.getByRole('button', { name: 'End all sessions' }).click()
    await confirm(page, 'End all sessions', 'End all sessions')
    await page.getByText('The sessions were ended.').waitFor()
    expect(await statusOf(again)).toBe(401)
    await page.getByRole('button', { name: 'Delete account' }).click()
    await confirm(page, 'Delete newcomer?', 'Delete account')
    await page.getByText('The account newcomer was deleted.').waitFor()
    await row(page, 'Users', /^admin/).waitFor()
    await row(page, 'Users', /newcomer/).waitFor({ state: 'detached' })
  })

  it('keep the last administrator, and show the reason that the server gives', async () => {
    const page = await openPage(server, { query: '?manage=users&user=1' })
    await page.getByLabel('Role').selectOption('Viewer')
    await confirm(page, 'Role', 'Viewer')
    await page.getByText(/last .*admin/i).waitFor()
    expect(await page.getByLabel('Role').inputValue()).toBe('admin')
  })

  it('have an audit trail that can be filtered and links to the images', async () => {
    const page = await openPage(server, { query: '?manage=audit' })
    await row(page, 'Audit trail', /signed in/)
      .first()
      .waitFor()
    await page.getByLabel('Action', { exact: true }).selectOption('Added an image')
    await expectQuery(page, 'did', 'media-added')
    await row(page, 'Audit trail', /signed in/)
      .first()
      .waitFor({ state: 'detached' })
    await page.getByLabel('User (acting or affected)').fill('visitor')
    await page.getByText('No matching entries.').waitFor()
    await page.getByLabel('User (acting or affected)').fill('admin')
    await expectQuery(page, 'by', 'admin')
    await page.reload()
    await row(page, 'Audit trail', /admin added the image “Seen”\./)
      .getByRole('link', { name: '“Seen”' })
      .click()
    await itemPanel(page).waitFor()
    await expectQuery(page, 'manage', null)
    await expectQuery(page, 'open', '1')
    await page.goBack()
    await row(page, 'Audit trail', /added the image/).waitFor()
  })

  it('have an audit trail of sentences, in German as well, without links to deleted images', async () => {
    const client = await signIn(server)
    const { body } = await client.add('Kurzlebig', ['one'], await makeJpeg({ seed: 9 }))
    await client.post(`/media/edit/${body.media.id}`, { name: 'Noch kürzer', tags: ['two'] })
    await client.delete(`/media/delete/${body.media.id}`)
    const page = await openPage(server, { locale: 'de-DE', query: '?manage=audit' })
    const trail = page.getByRole('table', { name: 'Protokoll' })
    await trail.getByText('admin hat das Bild „Noch kürzer“ gelöscht.').waitFor()
    await trail
      .getByText(
        'aus „Kurzlebig“ umbenannt, Schlagwort „two“ hinzugefügt und Schlagwort „one“ entfernt.',
      )
      .waitFor()
    expect(await trail.getByRole('link', { name: 'Noch kürzer' }).count()).toBe(0)
    await trail.getByRole('link', { name: '„Seen“' }).first().waitFor()
    expect(await trail.textContent()).not.toMatch(/[{}[\]]|undefined|media-|account:/)
  })

  it('of others are not offered to a user without the permission to manage them', async () => {
    const visit = { username: 'visitor', password: PASSWORD }
    const page = await openPage(server, { ...visit, query: '?manage=users' })
    await page.getByRole('tab', { name: 'My account' }).waitFor()
    await panel(page).getByLabel('Current password').waitFor()
    expect(await page.getByRole('tab').allTextContents()).toEqual(['My account', 'Statistics'])
    await page.keyboard.press('Escape')
    const menu = page.getByRole('button', { name: 'visitor', exact: true })
    await menu.click()
    await page.getByRole('menuitem', { name: 'My account' }).waitFor()
    expect(await page.getByRole('menuitem', { name: 'Users' }).count()).toBe(0)
    expect(await page.getByRole('menuitem', { name: 'Audit trail' }).count()).toBe(0)
    await page.getByRole('menuitem', { name: 'My account' }).press('Enter')
    await panel(page).waitFor()
    await page.keyboard.press('Escape')
    await panel(page).waitFor({ state: 'detached' })
    await expectFocus(menu)
  })

  it('shows statistics of the library to viewers, in their language', async () => {
    const page = await openPage(server, {
      username: 'visitor',
      password: PASSWORD,
      locale: 'de-DE',
    })
    await page.getByRole('button', { name: 'visitor', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Statistik' }).click()
    await expectQuery(page, 'manage', 'statistics')
    await row(page, 'Formate', /^JPEG 1 \d+,?\d* kB 100\s%$/).waitFor()
    await row(page, 'Speicher', /^Originale 1 /).waitFor()
    const month = new Intl.DateTimeFormat('de-DE', {
      month: 'long',
      year: 'numeric',
      timeZone: 'UTC',
    }).format(new Date())
    await row(page, 'Wachstum', new RegExp(`^${month} 1 `)).waitFor()
    await row(page, 'Hinzugefügt von', /^admin 1 /).waitFor()
    await page.getByText('Kein Bild ist doppelt in der Bibliothek.').waitFor()
  })

  it('keep the input of a form while the user signs in again', async () => {
    const visit = { username: 'visitor', password: PASSWORD }
    const page = await openPage(server, { ...visit, query: '?manage=account' })
    const current = panel(page).getByLabel('Current password')
    await current.fill(PASSWORD)
    await panel(page).getByLabel('New password').fill('a newer password')
    await page.context().clearCookies()
    await panel(page).getByRole('button', { name: 'Change password' }).click()
    const { form, username, password, submit } = signInForm(page)
    await form.waitFor()
    await username.fill('visitor')
    await password.fill(PASSWORD)
    await submit.click()
    await form.waitFor({ state: 'hidden' })
    expect(await current.inputValue()).toBe(PASSWORD)
    await panel(page).getByRole('button', { name: 'Change password' }).click()
    await page.getByText('The password was changed.').waitFor()
    await image(page, 'Seen').waitFor()
  })
})
