import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { makeDataFolder, runCli, type Server, signIn, startServer } from '../harness.ts'
import { describePage, image, openItem, openPage } from './page.ts'
import { select, selectionBar } from './select-steps.ts'

const ELSEWHERE = 'Uploads are handled by another server.'
const PASSWORD = 'a good password'

describePage('permissions', () => {
  let server: Server
  let apiOnly: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    server = await startServer({}, data)
    apiOnly = await startServer({ VITRINE_FILE_SERVICE: 'false', VITRINE_TRASH_DAYS: '0' }, data)
    await (await signIn(server)).add('Seen', ['one'], await makeJpeg())
    const args = ['user', 'add', 'visitor', '--role', 'viewer', '--password-stdin']
    await runCli(data, args, { input: `${PASSWORD}\n` })
  })
  afterAll(() => Promise.all([server.stop(), apiOnly.stop()]))

  it('hide from a viewer every action that a viewer may not take', async () => {
    const page = await openPage(server, { username: 'visitor', password: PASSWORD })
    await image(page, 'Seen').waitFor()
    // A viewer cannot select either: there would be no action for the selection.
    await page.keyboard.press('ControlOrMeta+a')
    expect(await page.getByRole('checkbox', { includeHidden: true }).count()).toBe(0)
    expect(await selectionBar(page).count()).toBe(0)
    const panel = await openItem(page, 'Seen')
    await panel.getByText('image/jpeg').waitFor()
    const name = panel.getByLabel('Name', { exact: true })
    expect(await name.getAttribute('readonly')).not.toBeNull()
    await name.press('End')
    await name.pressSequentially('!')
    expect(await name.inputValue()).toBe('Seen')
    for (const action of ['Delete', 'Save', 'Upload']) {
      const button = page.getByRole('button', { name: action, includeHidden: true })
      expect(await button.count(), action).toBe(0)
    }
    expect(await page.getByText(ELSEWHERE).count()).toBe(0)
    await page.keyboard.press('Escape')

    const files = {
      name: 'dropped.jpg',
      mimeType: 'image/jpeg',
      buffer: await makeJpeg({ seed: 2 }),
    }
    await page.getByRole('main').drop({ files })
    await page.getByText('You do not have permission to add images.').waitFor()
  })

  it('offer every action to an administrator', async () => {
    const page = await openPage(server)
    await page.getByRole('button', { name: 'Upload', exact: true }).waitFor()
    const panel = await openItem(page, 'Seen')
    await panel.getByRole('button', { name: 'Delete' }).waitFor()
  })

  it('do not offer uploads or deletions on a server without the file service, and the page says so', async () => {
    const page = await openPage(apiOnly)
    await image(page, 'Seen').waitFor()
    await page.getByText(ELSEWHERE).waitFor()
    expect(await page.getByRole('button', { name: 'Upload', exact: true }).count()).toBe(0)
    // Tags can still be changed here, but neither a button nor the Delete key deletes.
    await select(page, 'Seen')
    await selectionBar(page).getByRole('button', { name: 'Change' }).waitFor()
    const remove = selectionBar(page).getByRole('button', { name: 'Delete' })
    expect(await remove.count()).toBe(0)
    await page.keyboard.press('Delete')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.keyboard.press('Escape')
    const panel = await openItem(page, 'Seen')
    const name = panel.getByLabel('Name', { exact: true })
    expect(await name.getAttribute('readonly')).toBeNull()
    expect(await panel.getByRole('button', { name: 'Delete' }).count()).toBe(0)
  })
})
