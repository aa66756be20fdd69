import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { makeJpeg, makePng } from '../fixtures.ts'
import { type Client, runCli, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import { describePage, expectQuery, image, navigation, openPage, PATIENCE } from './page.ts'
import { change, expectSelected, select } from './select-steps.ts'

const PASSWORD = 'looks at everything'

describePage('the navigation', () => {
  let server: Server
  let client: Client
  let campaigns: number
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
    await runCli(server.data, ['user', 'add', 'viewer', '--role', 'viewer', '--password-stdin'], {
      input: PASSWORD,
    })
    const collect = async (body: object) =>
      (await client.request<{ collection: { id: number } }>('POST', '/collections', { json: body }))
        .body.collection.id
    campaigns = await collect({ name: 'Campaigns' })
    const spring = await collect({ name: 'Spring', parent: campaigns })
    const first = (await client.add('Harbour', ['night'], await makeJpeg({ seed: 1 }))).body.media
    await client.add('Bridge', ['night', 'steel'], await makePng({ seed: 2 }))
    await client.add('Plain', [], await makePng({ seed: 3 }))
    await client.request('PATCH', `/media/item/${first.id}`, {
      json: { alt: 'A harbour', collections: [spring] },
    })
    return () => server.stop()
  })

  const link = (page: Page, name: string | RegExp) =>
    navigation(page).getByRole('link', { name, exact: true })
  const entry = (page: Page, name: string) => navigation(page).getByLabel(`Change “${name}”`)
  const chosen = (page: Page) => navigation(page).locator('[aria-current="page"]')

  it('leads to parts of the library, with their counts, and marks the present one', async () => {
    const page = await openPage(server)
    await link(page, 'All images 3').waitFor()
    expect(await chosen(page).innerText()).toContain('All images')
    await link(page, 'Untagged 1').click()
    await expectQuery(page, 'lacks', 'tags')
    await image(page, 'Plain').waitFor()
    await image(page, 'Harbour').waitFor({ state: 'detached' })
    await link(page, 'No alternative text 2').click()
    await image(page, 'Bridge').waitFor()
    await link(page, 'night 2').click()
    await image(page, 'Harbour').waitFor()
    await image(page, 'Plain').waitFor({ state: 'detached' })
    await expect.poll(() => chosen(page).innerText(), PATIENCE).toContain('night')
    await page.goBack()
    await expect.poll(() => chosen(page).innerText(), PATIENCE).toContain('No alternative text')
    await link(page, 'Trash 0').waitFor()
    await link(page, 'Reveal a position').waitFor()
    await expectNoFaults(page)
  })

  it('has the collections as a tree, in which they are made, renamed and deleted', async () => {
    const page = await openPage(server)
    await link(page, 'Campaigns 1').waitFor()
    expect(await link(page, 'Spring 1').count()).toBe(0)
    await navigation(page).getByRole('button', { name: 'What is in “Campaigns”' }).click()
    await link(page, 'Spring 1').click()
    await image(page, 'Harbour').waitFor()
    await image(page, 'Plain').waitFor({ state: 'detached' })
    await page.reload()
    await link(page, 'Spring 1').waitFor()

    // With the keyboard alone.
    await entry(page, 'Campaigns').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'New collection in it' }).press('Enter')
    const field = navigation(page).getByLabel('Name of the collection')
    await field.fill('Autumn')
    await field.press('Enter')
    await link(page, 'Autumn 0').waitFor()
    const { body } = await client.request<{ collections: { name: string; parent: number }[] }>(
      'GET',
      '/collections',
    )
    expect(body.collections).toContainEqual(
      expect.objectContaining({ name: 'Autumn', parent: campaigns }),
    )

    await entry(page, 'Autumn').click()
    await page.getByRole('menuitem', { name: 'Rename' }).click()
    await field.fill('spring')
    await field.press('Enter')
    // A name may be there once only, whatever the case.
    await navigation(page).getByText('There is another collection called "spring"').waitFor()
    await field.fill('Fall')
    await field.press('Enter')
    await link(page, 'Fall 0').waitFor()

    await entry(page, 'Campaigns').click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const question = page.getByRole('dialog', { name: 'Delete “Campaigns”?' })
    await question.getByText('The collections in it are deleted too.').waitFor()
    await question.getByRole('button', { name: 'Cancel' }).click()
    await question.waitFor({ state: 'detached' })
    await entry(page, 'Fall').click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const second = page.getByRole('dialog', { name: 'Delete “Fall”?' })
    await second.getByRole('button', { name: 'Delete' }).click()
    await link(page, 'Fall 0').waitFor({ state: 'detached' })
    await link(page, 'Spring 1').waitFor()
  })

  it('has the searches that people saved', async () => {
    const page = await openPage(server, { query: '?type=png&search=bridge&order=name-asc' })
    await image(page, 'Bridge').waitFor()
    await page.getByRole('button', { name: 'Save search' }).click()
    const dialog = page.getByRole('dialog', { name: 'Save search' })
    await dialog.getByLabel('Name of the search').fill('Bridges')
    await expectNoFaults(page)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The search was saved as “Bridges”.').waitFor()
    await link(page, /^All images/).click()
    await image(page, 'Plain').waitFor()
    await link(page, 'Bridges').click()
    await expectQuery(page, 'type', 'png')
    await expectQuery(page, 'search', 'bridge')
    await expectQuery(page, 'order', 'name-asc')
    await expect.poll(() => chosen(page).innerText(), PATIENCE).toBe('Bridges')
  })

  it('counts images that are put into a collection, and taken out of it', async () => {
    const page = await openPage(server)
    await link(page, 'Campaigns 1').waitFor()
    await select(page, 'Plain', 'Bridge')
    await change(page, 'Collections')
    const dialog = page.getByRole('dialog', { name: 'Collections of 2 images' })
    await dialog.getByRole('combobox', { name: 'Put into' }).fill('camp')
    await page.getByRole('option', { name: 'Campaigns', exact: true }).click()
    await expectNoFaults(page)
    await dialog.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('2 images were filed.').waitFor()
    await link(page, 'Campaigns 3').click()
    await image(page, 'Plain').waitFor()

    await expectSelected(page, 2)
    await change(page, 'Collections')
    await dialog.getByRole('combobox', { name: 'Take out of' }).fill('camp')
    await page.getByRole('option', { name: 'Campaigns', exact: true }).click()
    await dialog.getByRole('button', { name: 'Apply' }).click()
    await link(page, 'Campaigns 1').waitFor()
    await image(page, 'Plain').waitFor({ state: 'detached' })
  })

  it('can be closed, and stays closed', async () => {
    const page = await openPage(server)
    await navigation(page).getByRole('button', { name: 'Close navigation' }).click()
    await navigation(page).waitFor({ state: 'detached' })
    await page.reload()
    await image(page, 'Plain').waitFor()
    expect(await navigation(page).count()).toBe(0)
    await page.getByRole('button', { name: 'Open navigation' }).click()
    await link(page, 'All images 3').waitFor()
  })

  it('is a drawer on a narrow screen, which a choice closes', async () => {
    const page = await openPage(server, { viewport: { width: 390, height: 844 } })
    await image(page, 'Plain').waitFor()
    expect(await navigation(page).count()).toBe(0)
    await page.getByRole('button', { name: 'Open navigation' }).click()
    await link(page, 'Untagged 1').waitFor()
    await expectNoFaults(page)
    await link(page, 'Untagged 1').click()
    await navigation(page).waitFor({ state: 'detached' })
    await image(page, 'Harbour').waitFor({ state: 'detached' })
    await image(page, 'Plain').waitFor()
  })

  it('offers changes only to those who may make them', async () => {
    const page = await openPage(server, {
      username: 'viewer',
      password: PASSWORD,
      query: '?type=png',
    })
    await link(page, 'Campaigns 1').waitFor()
    await page.getByRole('region', { name: 'Filters' }).waitFor()
    expect(await entry(page, 'Campaigns').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'New collection' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Save search' }).count()).toBe(0)
  })

  it('leaves the colours of the page to the system, or to the user', async () => {
    const page = await openPage(server, { colorScheme: 'dark' })
    const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme')
    await image(page, 'Plain').waitFor()
    expect(await scheme()).toBe('dark')
    await page.getByRole('button', { name: 'admin', exact: true }).click()
    await page.getByRole('menuitemradio', { name: 'Light' }).click()
    await expect.poll(scheme, PATIENCE).toBe('light')
    await page.reload()
    await image(page, 'Plain').waitFor()
    expect(await scheme()).toBe('light')
    const font = await page.evaluate('document.fonts.check("14px Figtree Variable")')
    expect(font).toBe(true)
  })
})
