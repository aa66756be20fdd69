import { beforeAll, expect, it } from 'vitest'
import { makeJpeg, makePng } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import { describePage, expectNames, expectQuery, itemPanel, openItem, openPage } from './page.ts'
import { expectSelected, retag } from './select-steps.ts'

describePage('filters and orders in the address', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
    await client.add('b2', ['sea'], await makePng())
    await client.add('c', ['sea', 'dawn'], await makeJpeg({ seed: 2 }))
    await client.add('b10', ['dawn'], await makeJpeg({ seed: 3 }))
    await client.add('a', ['sea'], await makeJpeg({ seed: 4 }))
    return () => server.stop()
  })

  it('narrow the grid, show as chips, and go away by click and by the back button', async () => {
    const page = await openPage(server, { query: '?type=jpeg&tag=sea&order=name-desc' })
    await expectNames(page, ['c', 'a'])
    await page.getByText('2 matches').waitFor()
    await expectNoFaults(page)
    await page.getByRole('button', { name: 'Remove filter: Type: JPEG' }).click()
    await expectNames(page, ['c', 'b2', 'a'])
    await page.goBack()
    await expectNames(page, ['c', 'a'])
    await page.getByRole('button', { name: 'Remove all filters' }).click()
    await expectNames(page, ['c', 'b10', 'b2', 'a'])
    await expectQuery(page, 'tag', null)
    await expectQuery(page, 'order', 'name-desc')
    await page.getByRole('combobox', { name: 'Order' }).selectOption('Name, A to Z')
    await expectNames(page, ['a', 'b2', 'b10', 'c'])
  })

  it('are chosen in a form, which shows those that hold', async () => {
    const page = await openPage(server, { query: '?tag=sea' })
    await expectNames(page, ['a', 'c', 'b2'])
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    const form = page.getByRole('dialog', { name: 'Filter' })
    await form.getByLabel('Type').selectOption('PNG')
    await expectNames(page, ['b2'])
    await page.getByRole('button', { name: 'Remove filter: Type: PNG' }).waitFor()
    await form.getByLabel('Without').selectOption('Alternative text')
    await expectQuery(page, 'lacks', 'alt')
    await form.getByLabel('Minimum rating').selectOption('1 star or more')
    await page.getByText('No image matches the filters.').waitFor()
    await expectNoFaults(page)
    await form.getByLabel('Minimum rating').selectOption('Any')
    await expectQuery(page, 'minRating', null)
    await expectNames(page, ['b2'])
    await page.keyboard.press('Escape')
    await form.waitFor({ state: 'detached' })
    await page.goBack()
    await expectQuery(page, 'minRating', '1')
  })

  it('are those of the open image: its place and its neighbours', async () => {
    const page = await openPage(server, { query: '?order=name-asc&tag=sea' })
    const panel = await openItem(page, 'b2')
    await panel.getByText('2 of 3', { exact: true }).waitFor()
    await panel.getByRole('button', { name: 'Next image' }).click()
    await panel.getByRole('heading', { name: 'c', exact: true }).waitFor()
    await page.reload()
    await itemPanel(page).getByText('3 of 3', { exact: true }).waitFor()
    await panel.getByRole('button', { name: 'Previous image' }).click()
    await panel.getByRole('heading', { name: 'b2', exact: true }).waitFor()
  })

  it('hold for a change of all that is shown', async () => {
    const page = await openPage(server, { query: '?type=jpeg&tag=dawn' })
    await expectNames(page, ['b10', 'c'])
    await page.keyboard.press('ControlOrMeta+a')
    await expectSelected(page, 2)
    await retag(page, 'Add tags', 'morning')
    await page.getByText('The tags of 2 images were changed.').waitFor()
    const { media } = (await client.list('?tag=morning')).body
    expect(media.map(({ name }) => name).toSorted()).toEqual(['b10', 'c'])
  })

  it('that the server refuses are explained, and left by a click', async () => {
    const page = await openPage(server, { query: '?type=foo' })
    await page.getByText('type is "foo"').waitFor()
    await page.getByRole('button', { name: 'Back to the library' }).click()
    await expectQuery(page, 'type', null)
    await expectNames(page, ['a', 'b10', 'c', 'b2'])
  })
})
