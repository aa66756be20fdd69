import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg, makePortrait, makeTalkingPhoto } from '../fixtures.ts'
import { type Client, runCli, type Server, signIn, startServer } from '../harness.ts'
import {
  describePage,
  expectFocus,
  expectNames,
  expectQuery,
  image,
  itemPanel,
  openItem,
  openPage,
  PATIENCE,
} from './page.ts'

describePage('looking at images', () => {
  let server: Server
  let client: Client
  const ids: Record<string, number> = {}
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
    for (const [index, name] of ['One', 'Two', 'Three', 'Four'].entries()) {
      await add(name, index + 1)
    }
  })
  afterAll(() => server.stop())

  const add = async (name: string, seed: number) => {
    const picture = await makeJpeg({ seed, width: 1600, height: 1200 })
    ids[name] = (await client.add(name, name === 'Two' ? ['pair'] : [], picture)).body.media.id
  }
  const expectShown = async (page: Page, name: string) => {
    await expectQuery(page, 'open', String(ids[name]))
    await itemPanel(page).getByRole('heading', { name, exact: true }).waitFor()
  }
  it('keeps showing an image when others are added, and opens it by link and after a reload', async () => {
    const page = await openPage(server)
    await openItem(page, 'Two')
    await expectShown(page, 'Two')
    await itemPanel(page).getByText('3 of 4', { exact: true }).waitFor()
    const files = [
      { name: 'Five.jpg', mimeType: 'image/jpeg', buffer: await makeJpeg({ seed: 5 }) },
    ]
    await itemPanel(page).drop({ files })
    await itemPanel(page).getByText('4 of 5', { exact: true }).waitFor()
    await expectShown(page, 'Two')
    ids.Five = (await client.list('?search=five')).body.media[0]?.id ?? 0

    await add('Six', 6)
    await page.reload()
    await expectShown(page, 'Two')
    await itemPanel(page).getByText('5 of 6', { exact: true }).waitFor()
    const colleague = await openPage(server, { query: `?open=${ids.Two}&order=added-asc` })
    await expectShown(colleague, 'Two')
    await itemPanel(colleague).getByText('2 of 6', { exact: true }).waitFor()
    await colleague.keyboard.press('ArrowRight')
    await expectShown(colleague, 'Three')
  })

  it('follows the back and forward buttons of the browser', async () => {
    const page = await openPage(server)
    await openItem(page, 'Two')
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    await openItem(page, 'Four')
    await page.goBack()
    await itemPanel(page).waitFor({ state: 'detached' })
    await page.goBack()
    await expectShown(page, 'Two')
    await page.goForward()
    await page.goForward()
    await expectShown(page, 'Four')
  })

  it('moves by keys and buttons up to the last image, and keeps the focus', async () => {
    const page = await openPage(server, { query: `?open=${ids.Three}` })
    await expectShown(page, 'Three')
    const back = itemPanel(page).getByRole('button', { name: 'Next image' })
    await page.keyboard.press('ArrowRight')
    await expectShown(page, 'Two')
    await back.click()
    await expectShown(page, 'One')
    await expect.poll(() => back.getAttribute('aria-disabled'), PATIENCE).toBe('true')
    await back.press('Enter')
    await expectFocus(back)
    await page.keyboard.press('ArrowRight')
    await expectShown(page, 'One')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Escape')
    await expectFocus(page.getByRole('main').getByRole('link', { name: 'Two', exact: true }))
  })

  it('preloads the next large image', async () => {
    const page = await openPage(server)
    await image(page, 'Three').waitFor()
    const { media } = (await client.list('?search=two')).body
    const [address = ''] = media[0]?.urls.template.split('{width}') ?? []
    const request = page.waitForRequest((sent) => sent.url().startsWith(server.url + address))
    await openItem(page, 'Three')
    await request
    expect(await itemPanel(page).getByRole('heading', { name: 'Three' }).isVisible()).toBe(true)
  })

  it('moves among the matches of a search, also from an image that does not match', async () => {
    const page = await openPage(server, { query: `?search=t&open=${ids.Three}` })
    await expectShown(page, 'Three')
    await itemPanel(page).getByText('1 of 2', { exact: true }).waitFor()
    await page.keyboard.press('ArrowRight')
    await expectShown(page, 'Two')
    const other = await openPage(server, { query: `?search=pair&open=${ids.Three}` })
    await expectShown(other, 'Three')
    await itemPanel(other).getByText('Does not match the search', { exact: true }).waitFor()
    await itemPanel(other).getByRole('button', { name: 'Next image' }).click()
    await expectShown(other, 'Two')
  })

  it('shows camera, exposure and place, which are taken from the file with its keywords', async () => {
    const page = await openPage(server)
    await image(page, 'One').waitFor()
    const files = [
      { name: 'Talking.jpg', mimeType: 'image/jpeg', buffer: await makeTalkingPhoto() },
    ]
    await page.locator('body').drop({ files })
    await image(page, 'Talking').waitFor()
    await openItem(page, 'Talking')
    const facts = itemPanel(page).getByRole('table')
    for (const [name, value] of [
      ['Camera', 'Canon EOS R5'],
      ['Exposure', '1/200 s · f/2.8'],
      ['Place', '-33.8568°, 151.2153°'],
    ] as const) {
      await facts.getByRole('row', { name: `${name} ${value}`, exact: true }).waitFor()
    }
    const map = facts.getByRole('link', { name: '-33.8568°, 151.2153°' })
    expect(await map.getAttribute('href')).toBe(
      'https://www.openstreetmap.org/?mlat=-33.8568&mlon=151.2153#map=15/-33.8568/151.2153',
    )
    expect(await map.getAttribute('rel')).toBe('noreferrer')
    expect((await client.list('?search=talking')).body.media[0]?.tags).toEqual(['Sea', 'boat'])
  })

  it('lists for everybody who may see images those whose originals reveal a place, a camera or faces', async () => {
    await client.add('Portrait', [], await makePortrait({ seed: 61 }))
    const password = 'a password of a viewer'
    const args = ['user', 'add', 'vera', '--role', 'viewer', '--password-stdin']
    await runCli(server.data, args, { input: password })
    const page = await openPage(server, { username: 'vera', password })
    await image(page, 'One').waitFor()
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    const reveals = page.getByRole('dialog', { name: 'Filter' }).getByLabel('Original reveals')
    await expect
      .poll(() => reveals.locator('option').allTextContents(), PATIENCE)
      .toEqual(['Any', 'Position', 'Serial number', 'Marked faces'])
    for (const [option, names] of [
      ['Position', ['Talking']],
      ['Serial number', ['Talking']],
      ['Marked faces', ['Portrait']],
    ] as const) {
      await reveals.selectOption(option)
      await expectNames(page, names)
      const chip = `Remove filter: Original reveals: ${option.toLowerCase()}`
      await page.getByRole('button', { name: chip }).waitFor()
    }
  })
})
