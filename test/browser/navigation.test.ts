import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import { describePage, expectFocus, expectNames, expectQuery, openPage, PATIENCE } from './page.ts'
import { change, expectSelected, select } from './select-steps.ts'

describePage('the navigation', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
    await client.add('a', ['sea'], await makeJpeg({ seed: 1 }))
    await client.add('b', [], await makeJpeg({ seed: 2 }))
    return () => server.stop()
  })

  const nav = (page: Page) => page.getByRole('navigation', { name: 'Navigation' })
  const line = (page: Page, name: string) => page.getByRole('treeitem', { name: `${name} ` })
  const lines = (page: Page) =>
    page.getByRole('treeitem').evaluateAll((items) =>
      items.map(
        (item) =>
          `${item.getAttribute('aria-level')} ${[...item.children]
            .map(({ textContent }) => textContent)
            .filter(Boolean)
            .join(', ')}`,
      ),
    )
  const expectLines = (page: Page, expected: string[]) =>
    expect.poll(() => lines(page), PATIENCE).toEqual(expected)
  const addCollection = async (page: Page, name: string) => {
    await nav(page).getByRole('button', { name: 'New collection', exact: true }).click()
    await page.getByRole('textbox', { name: 'Name of the collection' }).fill(name)
    await page.keyboard.press('Enter')
    await line(page, name).waitFor()
  }

  it('leads to the parts of the library, with counts, and the address follows', async () => {
    const page = await openPage(server)
    await nav(page).getByRole('link', { name: 'Untagged 1' }).click()
    await expectNames(page, ['b'])
    await expectQuery(page, 'lacks', 'tags')
    await nav(page).getByRole('link', { name: 'No alt text 2' }).click()
    await expectNames(page, ['b', 'a'])
    expect(await nav(page).locator('[aria-current=page]').textContent()).toContain('No alt text')
    await page.goBack()
    await expectNames(page, ['b'])
    await nav(page).getByRole('link', { name: 'Trash 0' }).click()
    await page.getByText('The trash is empty.').waitFor()
    await nav(page).getByRole('link', { name: 'Library 2' }).click()
    await expectNames(page, ['b', 'a'])
    await expectNoFaults(page)
  })

  it('makes, renames, moves and deletes collections by keys', async () => {
    const page = await openPage(server)
    await addCollection(page, 'Press')
    await addCollection(page, 'Products')
    await line(page, 'Products').click()
    await expectQuery(page, 'collection', '2')
    await page.getByText('No image matches the filters.').waitFor()

    await page.keyboard.press('F2')
    await page.getByRole('textbox', { name: 'Rename' }).fill('Goods')
    await page.keyboard.press('Enter')
    await expectLines(page, ['1 Press, 0', '1 Goods, 0'])
    await expectFocus(line(page, 'Goods'))
    await page.keyboard.press('Alt+ArrowUp')
    await expectLines(page, ['1 Goods, 0', '1 Press, 0'])
    await page.keyboard.press('Alt+ArrowDown')
    await expectLines(page, ['1 Press, 0', '1 Goods, 0'])

    await page.keyboard.press('ArrowUp')
    await expectFocus(line(page, 'Press'))
    await page.keyboard.press('Enter')
    await nav(page).getByRole('button', { name: 'Actions for “Press”' }).click()
    await page.getByRole('menuitem', { name: 'New collection inside' }).click()
    await page.getByRole('textbox', { name: 'Name of the collection' }).fill('Autumn')
    await page.keyboard.press('Enter')
    await expectLines(page, ['1 Press, 0', '2 Autumn, 0', '1 Goods, 0'])
    await expectNoFaults(page)
    await line(page, 'Press').focus()
    await page.keyboard.press('ArrowLeft')
    await expectLines(page, ['1 Press, 0', '1 Goods, 0'])
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await expectFocus(line(page, 'Autumn'))
    await page.keyboard.press('Delete')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await expectLines(page, ['1 Press, 0', '1 Goods, 0'])
  })

  it('moves collections by drag: into another, and before one', async () => {
    await client.post('/collections', { name: 'One' })
    await client.post('/collections', { name: 'Two' })
    const page = await openPage(server)
    await line(page, 'Two').dragTo(line(page, 'One'))
    await expect
      .poll(async () => (await lines(page)).slice(-2), PATIENCE)
      .toEqual(['1 One, 0', '2 Two, 0'])
    await line(page, 'Two').dragTo(line(page, 'One'), { targetPosition: { x: 60, y: 3 } })
    await expect
      .poll(async () => (await lines(page)).slice(-2), PATIENCE)
      .toEqual(['1 Two, 0', '1 One, 0'])
  })

  it('saves a search, shows it again, and deletes it', async () => {
    const page = await openPage(server, { query: '?tag=sea&order=name-asc' })
    await expectNames(page, ['a'])
    await nav(page).getByRole('button', { name: 'Save this search' }).click()
    await page.getByRole('textbox', { name: 'Name of the saved search' }).fill('At sea')
    await page.keyboard.press('Enter')
    await nav(page).getByRole('link', { name: 'At sea' }).waitFor()
    await nav(page).getByRole('link', { name: 'Library' }).click()
    await expectNames(page, ['b', 'a'])
    await nav(page).getByRole('link', { name: 'At sea' }).click()
    await expectNames(page, ['a'])
    await expectQuery(page, 'order', 'name-asc')
    await nav(page).getByRole('button', { name: 'Delete the saved search “At sea”?' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await nav(page).getByRole('link', { name: 'At sea' }).waitFor({ state: 'detached' })
  })

  it('can be closed, and stays so', async () => {
    const page = await openPage(server)
    await nav(page).waitFor()
    await page.getByRole('button', { name: 'Navigation' }).click()
    await nav(page).waitFor({ state: 'detached' })
    await page.reload()
    await expectNames(page, ['b', 'a'])
    expect(await nav(page).count()).toBe(0)
  })

  it('is a drawer on a phone', async () => {
    const page = await openPage(server, { viewport: { width: 390, height: 844 } })
    await expectNames(page, ['b', 'a'])
    expect(await nav(page).count()).toBe(0)
    await page.getByRole('button', { name: 'Navigation' }).click()
    await nav(page).waitFor()
    await expectNoFaults(page)
    await nav(page).getByRole('link', { name: 'Untagged' }).click()
    await nav(page).waitFor({ state: 'detached' })
    await expectNames(page, ['b'])
    await expectFocus(page.getByRole('button', { name: 'Navigation' }))
  })

  it('counts images that are put into a collection and taken out of it, and leads to tags', async () => {
    await client.post('/collections', { name: 'Filed' })
    const page = await openPage(server)
    await line(page, 'Filed').waitFor()
    await select(page, 'a', 'b')
    await change(page, 'Collections')
    const dialog = page.getByRole('dialog', { name: 'Collections of 2 images' })
    await dialog.getByRole('combobox', { name: 'Put into' }).fill('filed')
    await page.getByRole('option', { name: 'Filed', exact: true }).click()
    await expectNoFaults(page)
    await dialog.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('2 images were filed.').waitFor()
    await expect.poll(() => line(page, 'Filed').textContent(), PATIENCE).toContain('2')

    await expectSelected(page, 2)
    await change(page, 'Collections')
    await dialog.getByRole('combobox', { name: 'Take out of' }).fill('filed')
    await page.getByRole('option', { name: 'Filed', exact: true }).click()
    await dialog.getByRole('button', { name: 'Apply' }).click()
    await expect.poll(() => line(page, 'Filed').textContent(), PATIENCE).toContain('0')

    await page.keyboard.press('Escape')
    await nav(page).getByRole('link', { name: 'sea 1' }).click()
    await expectNames(page, ['a'])
  })
})
