import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { ADMIN_PASSWORD, type Client, type Server, signIn, startServer } from '../harness.ts'
import {
  describePage,
  expectFocus,
  expectQuery,
  image,
  itemPanel,
  openItem,
  openPage,
  PATIENCE,
  signInForm,
} from './page.ts'

describePage('an image', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer({ VITRINE_TRASH_DAYS: '0' })
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  const add = async (name: string, seed: number) => {
    const { body } = await client.add(
      name,
      ['one'],
      await makeJpeg({ seed, width: 640, height: 480 }),
    )
    return body.media
  }
  const stored = async (id: number) =>
    (await client.list()).body.media.find((item) => item.id === id)

  it('is shown large, with its details', async () => {
    const { id, urls } = await add('Shown', 1)
    const page = await openPage(server)
    const panel = await openItem(page, 'Shown')
    const large = panel.getByRole('img', { name: 'Shown' })
    expect(await large.getAttribute('src')).toBe(urls.high)
    await expect
      .poll(() => large.evaluate((shown) => Reflect.get(shown, 'naturalWidth')), PATIENCE)
      .toBe(640)
    await panel.getByText('640 × 480').waitFor()
    await panel.getByText('image/jpeg').waitFor()
    const download = panel.getByRole('link', { name: 'Download original' })
    expect(await download.getAttribute('href')).toContain(`/media/original/${id}`)
  })

  it('is deleted with its files after a question, and the next one is shown', async () => {
    await add('After it', 4)
    const { id, urls } = await add('Deleted', 5)
    const page = await openPage(server)
    const panel = await openItem(page, 'Deleted')
    const remove = panel.getByRole('button', { name: 'Delete' })
    await remove.click()
    const question = page.getByRole('dialog', { name: 'Delete “Deleted”?' })
    await question.getByRole('button', { name: 'Cancel' }).click()
    await question.waitFor({ state: 'detached' })
    await expectFocus(remove)
    expect(await stored(id)).toBeDefined()

    await page.clock.install()
    await remove.click()
    await question.getByRole('button', { name: 'Delete' }).click()
    await panel.getByRole('heading', { name: 'After it', exact: true }).waitFor()
    await page.getByText('“Deleted” is about to be deleted.').waitFor()
    await page.clock.runFor(8500)
    await image(page, 'Deleted').waitFor({ state: 'detached' })
    await expect.poll(() => stored(id), { timeout: 15_000 }).toBeUndefined()
    expect((await client.get(urls.scaled)).status).toBe(404)
  })

  it('can be restored after a deletion, by button and by key, and is shown again', async () => {
    await add('Below', 12)
    const { id } = await add('Taken back', 13)
    const page = await openPage(server)
    const panel = await openItem(page, 'Taken back')
    const heading = (name: string) => panel.getByRole('heading', { name, exact: true })
    const remove = async () => {
      await expectFocus(panel)
      await page.keyboard.press('Delete')
      const question = page.getByRole('dialog', { name: 'Delete “Taken back”?' })
      await question.getByRole('button', { name: 'Delete' }).click()
      await heading('Below').waitFor()
    }
    await remove()
    await page.getByRole('button', { name: 'Undo' }).click()
    await heading('Taken back').waitFor()
    await remove()
    await page.keyboard.press('ControlOrMeta+z')
    await heading('Taken back').waitFor()
    await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' })
    expect(await stored(id)).toBeDefined()
  })

  it('that is deleted soon after another shares its notification: one undo restores both', async () => {
    for (const [index, name] of ['One', 'Two', 'Three'].entries()) await add(name, 20 + index)
    const page = await openPage(server)
    const panel = await openItem(page, 'Three')
    for (const name of ['Three', 'Two']) {
      await panel.getByRole('heading', { name, exact: true }).waitFor()
      await panel.getByRole('button', { name: 'Delete' }).click()
      const question = page.getByRole('dialog', { name: `Delete “${name}”?` })
      await question.getByRole('button', { name: 'Delete' }).click()
    }
    await page.getByText('2 images are about to be deleted.').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    expect(await page.getByText('Being deleted').count()).toBe(0)
  })

  it('says that it was deleted, and leads to other images, when a link is outdated', async () => {
    await add('Neighbour', 6)
    const { id } = await add('Gone', 7)
    await client.delete(`/media/delete/${id}`)
    const page = await openPage(server, { query: `?open=${id}` })
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('heading', { name: 'This image is no longer in the library.' }).waitFor()
    await dialog.getByRole('button', { name: 'Next image' }).click()
    await itemPanel(page).getByRole('heading', { name: 'Neighbour', exact: true }).waitFor()
    await page.goto(`${server.url}/?open=${id}`)
    await dialog.getByRole('button', { name: 'Back to the library' }).click()
    await dialog.waitFor({ state: 'detached' })
    await image(page, 'Neighbour').waitFor()
  })

  it('cannot be opened while it is about to be deleted', async () => {
    await add('Going', 8)
    const page = await openPage(server)
    await page.getByRole('checkbox', { name: 'Select “Going”' }).check({ force: true })
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Being deleted').waitFor()
    await image(page, 'Going').click({ force: true })
    await image(page, 'Neighbour').click()
    // If the first click had opened an image, that image would be open now.
    await itemPanel(page).getByRole('heading', { name: 'Neighbour', exact: true }).waitFor()
    await page.goBack()
    await itemPanel(page).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Being deleted').waitFor({ state: 'detached' })
    // The undo has restored the selection, and a click would select instead of opening.
    await page.keyboard.press('Escape')
    await openItem(page, 'Going')
  })

  it('is downloaded under its name', async () => {
    const { id } = await add('A [big] "name" & <more>', 9)
    const page = await openPage(server, { query: `?open=${id}` })
    const download = page.waitForEvent('download')
    await itemPanel(page).getByRole('link', { name: 'Download original' }).click()
    expect((await download).suggestedFilename()).toMatch(/^A \[big\].*\.jpg$/)
  })

  it('keeps the small image in place when the large one fails to load, and can retry', async () => {
    const { id, urls } = await add('Slow to come', 11)
    const page = await openPage(server, { username: null })
    const fitting = urls.template.replace('{width}', '640')
    for (const address of [fitting, urls.high]) {
      await page.route(`**${address}`, (route) => route.fulfill({ status: 503 }), { times: 1 })
    }
    const { username, password, submit } = signInForm(page)
    await username.fill('admin')
    await password.fill(ADMIN_PASSWORD)
    await submit.click()
    await image(page, 'Slow to come').click()
    await itemPanel(page).getByText('The large image could not be loaded.').waitFor()
    const shown = itemPanel(page).getByRole('img', { name: 'Slow to come' })
    expect(await shown.getAttribute('src')).toBe(urls.scaled)
    await itemPanel(page).getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => shown.getAttribute('src'), PATIENCE).toBe(urls.high)
    await itemPanel(page).getByText('The large').waitFor({ state: 'detached' })
    await expectQuery(page, 'open', String(id))
  })
})
