import { beforeAll, expect, it } from 'vitest'
import { makeJpeg, makePng } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import { describePage, itemPanel, openItem, openPage, PATIENCE } from './page.ts'

describePage('the file of an image', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
    return () => server.stop()
  })

  const stored = async (name: string) =>
    (await client.list()).body.media.find((item) => item.name === name)

  it('is replaced by another one, and restored from the versions', async () => {
    await client.add('Changed', [], await makeJpeg({ width: 640, height: 480 }))
    const page = await openPage(server)
    const panel = await openItem(page, 'Changed')
    const chooser = page.waitForEvent('filechooser')
    await panel.getByRole('button', { name: 'Replace file…' }).click()
    const buffer = await makePng({ width: 320, height: 200 })
    await (await chooser).setFiles({ name: 'new.png', mimeType: 'image/png', buffer })
    await page.getByText('The file of “Changed” was replaced.').waitFor()
    await panel.getByText('320 × 200', { exact: true }).waitFor()

    await panel.getByRole('button', { name: 'Versions' }).click()
    await panel.getByText('Version 2 · current').waitFor()
    await expectNoFaults(page)
    await panel.getByRole('button', { name: 'Restore version 1' }).click()
    await page.getByText('The version was restored.').waitFor()
    await panel.getByText('Version 3 · current').waitFor()
    await panel.getByText('640 × 480', { exact: true }).waitFor()
    expect(await stored('Changed')).toMatchObject({ type: 'image/jpeg', width: 640 })
  })

  it('stays when the new one is refused, with the reason, and unsaved texts are asked about', async () => {
    await client.add('Kept', [], await makeJpeg({ seed: 2 }))
    const page = await openPage(server)
    const panel = await openItem(page, 'Kept')
    await panel.getByLabel('Credit').fill('Ada')
    const chooser = page.waitForEvent('filechooser')
    await panel.getByRole('button', { name: 'Replace file…' }).click()
    const file = { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no image') }
    await (await chooser).setFiles(file)
    const question = page.getByRole('dialog', { name: 'You have unsaved changes.' })
    await question.getByRole('button', { name: 'Discard changes' }).click()
    await page.getByText('The file was not replaced.').waitFor()
    expect(await stored('Kept')).toMatchObject({ type: 'image/jpeg', credit: null })
  })

  it('can be neither replaced nor restored by those who may not', async () => {
    await client.request('POST', '/users', {
      json: { username: 'guest', password: 'long enough for a guest', role: 'viewer' },
    })
    const guest = { username: 'guest', password: 'long enough for a guest' }
    const page = await openPage(server, guest)
    const panel = await openItem(page, 'Changed')
    await panel.getByRole('button', { name: 'Versions' }).click()
    await panel.getByText('Version 3 · current').waitFor()
    expect(await itemPanel(page).getByRole('button', { name: 'Restore' }).count()).toBe(0)
    expect(await panel.getByRole('button', { name: 'Replace file…' }).count()).toBe(0)
    await expect.poll(() => panel.getByText('Version 1').count(), PATIENCE).toBe(1)
  })
})
