import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import {
  describePage,
  expectNames,
  expectQuery,
  image,
  itemPanel,
  openItem,
  openPage,
  PATIENCE,
  place,
} from './page.ts'
import { expectSelected, select, selectionBar } from './select-steps.ts'

describePage('the trash', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  const add = async (name: string, seed: number) =>
    (await client.add(name, ['one'], await makeJpeg({ seed }))).body.media
  const inTrash = async () =>
    (await client.list('?in=trash')).body.media.map(({ name }) => name).toSorted()

  it('takes an open image at once, and gives it back by one click or key', async () => {
    await add('Below', 1)
    await add('Thrown', 2)
    const page = await openPage(server)
    const panel = await openItem(page, 'Thrown')
    const heading = (name: string) => panel.getByRole('heading', { name, exact: true })
    await panel.getByRole('button', { name: 'Delete' }).click()
    await heading('Below').waitFor()
    await page.getByText('1 image was moved to the trash.').waitFor()
    expect(await inTrash()).toEqual(['Thrown'])
    await page.getByRole('button', { name: 'Undo' }).click()
    await heading('Thrown').waitFor()
    expect(await inTrash()).toEqual([])

    await panel.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('1 image was moved to the trash.').waitFor()
    await page.keyboard.press('ControlOrMeta+z')
    await heading('Thrown').waitFor()
    expect(await inTrash()).toEqual([])
  })

  it('is shown to whoever may delete, and its images can be restored or deleted for good', async () => {
    for (const [index, name] of ['Kept', 'Wasted', 'Rescued'].entries()) await add(name, 10 + index)
    const page = await openPage(server, { query: '?search=e' })
    await select(page, 'Wasted', 'Rescued')
    await selectionBar(page).getByRole('button', { name: 'Delete' }).click()
    await page.getByText('2 images were moved to the trash.').waitFor()
    await image(page, 'Wasted').waitFor({ state: 'detached' })

    await place(page, /^Trash/).click()
    await expectNames(page, ['Rescued', 'Wasted'])
    // The public address of an image in the trash shows nothing.
    await expect
      .poll(() => image(page, 'Wasted').evaluate((shown) => Reflect.get(shown, 'naturalWidth')))
      .toBeGreaterThan(0)
    expect(await image(page, 'Wasted').getAttribute('src')).toContain('in=trash')
    await expectNoFaults(page)

    await openItem(page, 'Rescued')
    await itemPanel(page).getByText('admin moved it there').waitFor()
    await expectNoFaults(page)
    await itemPanel(page).getByRole('button', { name: 'Restore' }).click()
    await page.getByText('1 image was restored.').waitFor()
    await itemPanel(page).getByRole('heading', { name: 'Wasted', exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await expectNames(page, ['Wasted'])

    await page.clock.install()
    await page.keyboard.press('ControlOrMeta+a')
    await expectSelected(page, 1)
    const sent = page.waitForRequest('**/media/bulk/delete')
    await selectionBar(page).getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.clock.runFor(8500)
    expect((await sent).postDataJSON()).toMatchObject({ search: '', in: 'trash' })
    await page.getByText('The trash is empty.').waitFor()
    await expect.poll(inTrash, PATIENCE).toEqual([])
    await page.getByRole('button', { name: 'Back to the library' }).click()
    await expectQuery(page, 'in', null)
    await image(page, 'Rescued').waitFor()
  })
})
