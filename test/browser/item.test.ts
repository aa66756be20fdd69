import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import {
  describePage,
  expectFocus,
  image,
  itemPanel,
  openItem,
  openPage,
  PATIENCE,
} from './page.ts'

describePage('an image', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
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

  it('is shown large, with what is known of it', async () => {
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
    const download = panel.getByRole('link', { name: 'Download the original' })
    expect(await download.getAttribute('href')).toContain(`/media/original/${id}`)
  })

  it('takes another name and other tags', async () => {
    const { id } = await add('Renamed', 2)
    const page = await openPage(server)
    const panel = await openItem(page, 'Renamed')
    await panel.getByLabel('Name', { exact: true }).fill('Rügen im Winter')
    const tags = panel.getByLabel('Tags', { exact: true })
    await tags.pressSequentially('sea,snow')
    await tags.press('Enter')
    await panel.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    expect(await stored(id)).toMatchObject({
      name: 'Rügen im Winter',
      tags: ['one', 'sea', 'snow'],
    })
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    await image(page, 'Rügen im Winter').waitFor()
  })

  it('is not left with changes that are not saved', async () => {
    const { id } = await add('Unsaved', 3)
    const page = await openPage(server)
    const panel = await openItem(page, 'Unsaved')
    const name = panel.getByLabel('Name', { exact: true })
    await name.fill('Changed')
    await panel.getByRole('button', { name: 'Close', exact: true }).click()
    const question = page.getByRole('dialog', { name: 'There are changes that are not saved.' })
    await question.getByRole('button', { name: 'Cancel' }).click()
    await question.waitFor({ state: 'detached' })
    expect(await name.inputValue()).toBe('Changed')

    await panel.getByRole('button', { name: 'Close', exact: true }).click()
    await question.getByRole('button', { name: 'Discard changes' }).click()
    await itemPanel(page).waitFor({ state: 'detached' })
    expect(await stored(id)).toMatchObject({ name: 'Unsaved' })
  })

  it('says in the words of the server why a change is refused', async () => {
    const { id } = await add('Refused', 4)
    const page = await openPage(server)
    const panel = await openItem(page, 'Refused')
    await panel.getByLabel('Name', { exact: true }).fill('n'.repeat(256))
    await panel.getByRole('button', { name: 'Save' }).click()
    const { body } = await client.post(`/media/edit/${id}`, { name: 'n'.repeat(256), tags: [] })
    await panel.getByText(body.detail).waitFor()
    expect(await stored(id)).toMatchObject({ name: 'Refused' })
  })

  it('is deleted after a question, with its files', async () => {
    const { id, urls } = await add('Deleted', 5)
    const page = await openPage(server)
    const panel = await openItem(page, 'Deleted')
    const remove = panel.getByRole('button', { name: 'Delete' })
    await remove.click()
    const question = page.getByRole('dialog', { name: 'Delete', exact: true })
    await question.getByRole('button', { name: 'Cancel' }).click()
    await question.waitFor({ state: 'detached' })
    await expectFocus(remove)
    expect(await stored(id)).toBeDefined()

    await remove.click()
    await question.getByRole('button', { name: 'Delete' }).click()
    await image(page, 'Deleted').waitFor({ state: 'detached' })
    await expect.poll(() => stored(id), { timeout: 15_000 }).toBeUndefined()
    expect((await client.get(urls.scaled)).status).toBe(404)
  })
})
