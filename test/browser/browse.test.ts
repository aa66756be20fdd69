import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fillLibrary } from '../fill-library.ts'
import { makeDataFolder, type Server, startServer } from '../harness.ts'
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
  shownNames,
} from './page.ts'

const ITEMS = 5000

describePage('browsing a library of several thousand images', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    const special = [{ name: 'Äpfel am Küchentisch', tags: ['Obst'] }, { name: '東京タワーの夜景' }]
    const usual = Array.from({ length: ITEMS - special.length }, (_, index) => ({
      name: `Photo ${index + 1}`,
    }))
    await fillLibrary(data, [...usual, ...special])
    server = await startServer({}, data)
  })
  afterAll(() => server.stop())

  const searchBox = (page: Awaited<ReturnType<typeof openPage>>) =>
    page.getByRole('searchbox', { name: 'Search names, tags, texts' })

  it('shows the newest first, and all of it by scrolling', async () => {
    const page = await openPage(server)
    await page.getByText('5,000 images', { exact: true }).waitFor()
    await image(page, 'Photo 4998').waitFor()
    expect((await shownNames(page)).slice(0, 2)).toEqual([
      '東京タワーの夜景',
      'Äpfel am Küchentisch',
    ])
    await page.getByRole('main').hover()
    await page.mouse.wheel(0, 1e6)
    await image(page, 'Photo 1').waitFor()
    expect((await shownNames(page)).at(-1)).toBe('Photo 1')
    expect(await image(page, 'Photo 4998').count()).toBe(0)
    // Only rows near the screen are in the document.
    expect(await page.locator('*').count()).toBeLessThan(1500)
  })

  it('opens an image in a new tab by middle click and by Ctrl and click, as any link', async () => {
    const page = await openPage(server, { query: '?search=photo 4998' })
    for (const options of [
      { button: 'middle' },
      { modifiers: ['ControlOrMeta'] },
    ] satisfies Parameters<Locator['click']>[0][]) {
      const [tab] = await Promise.all([
        page.context().waitForEvent('page'),
        image(page, 'Photo 4998').click(options),
      ])
      await itemPanel(tab).getByRole('heading', { name: 'Photo 4998', exact: true }).waitFor()
      await tab.getByText('1 of 1').first().waitFor()
      await tab.close()
    }
    await expectQuery(page, 'open', null)
    expect(await page.getByText(/selected$/).count()).toBe(0)
  })

  it('keeps the scroll position in the address, through a reload', async () => {
    const page = await openPage(server)
    await image(page, 'Photo 4998').waitFor()
    await page.getByRole('main').hover()
    await page.mouse.wheel(0, 40_000)
    await image(page, 'Photo 4998').waitFor({ state: 'detached' })
    await expect.poll(() => page.url(), PATIENCE).toContain('at=')
    const at = Number(new URL(page.url()).searchParams.get('at'))
    const name = `Photo ${ITEMS - at}`
    await image(page, name).waitFor()
    await page.reload()
    await image(page, name).waitFor()
    await expectQuery(page, 'at', String(at))
  })

  it('finds Latin names regardless of case and accents, counts them and marks the match', async () => {
    const page = await openPage(server)
    await searchBox(page).fill('kuche')
    await page.getByText('1 match', { exact: true }).waitFor()
    await expectNames(page, ['Äpfel am Küchentisch'])
    expect(await page.locator('mark').allTextContents()).toEqual(['Küche'])
    await expectQuery(page, 'search', 'kuche')

    // The tag is shown beside the name, since the name does not contain the match.
    await searchBox(page).fill('obst')
    await expect.poll(() => page.locator('mark').allTextContents(), PATIENCE).toEqual(['Obst'])
    await expectNames(page, ['Äpfel am Küchentisch'])
    await searchBox(page).fill('photo 499')
    await page.getByText('14 matches', { exact: true }).waitFor()
  })

  it('finds Japanese names by two characters, and keeps the search through a reload', async () => {
    const page = await openPage(server)
    await searchBox(page).fill('夜景')
    await page.getByText('1 match', { exact: true }).waitFor()
    await expectNames(page, ['東京タワーの夜景'])
    expect(await page.locator('mark').allTextContents()).toEqual(['夜景'])
    expect(await page.title()).toContain('夜景')
    await page.reload()
    await expectNames(page, ['東京タワーの夜景'])
    expect(await searchBox(page).inputValue()).toBe('夜景')
  })

  it('goes back from a search to the view before it, without the corrections in between', async () => {
    const page = await openPage(server)
    await page.getByText('5,000 images', { exact: true }).waitFor()
    for (const [search, matches] of [
      ['photo 49', '198 matches'],
      ['photo 499', '14 matches'],
    ] as const) {
      await searchBox(page).fill(search)
      await page.getByText(matches, { exact: true }).waitFor()
    }
    await searchBox(page).blur()
    await searchBox(page).fill('obst')
    await searchBox(page).press('Enter')
    await expectQuery(page, 'search', 'obst')
    await page.goBack()
    await page.getByText('14 matches', { exact: true }).waitFor()
    expect(await searchBox(page).inputValue()).toBe('photo 499')
    await page.goBack()
    await page.getByText('5,000 images', { exact: true }).waitFor()
    expect(await searchBox(page).inputValue()).toBe('')
    await page.goForward()
    await page.getByText('14 matches', { exact: true }).waitFor()
  })

  it('does not run a pending search after the field was cleared', async () => {
    const page = await openPage(server)
    await page.getByText('5,000 images', { exact: true }).waitFor()
    await page.clock.install()
    await searchBox(page).fill('zebra')
    await page.getByRole('button', { name: 'Clear search' }).click()
    await page.clock.runFor(1000)
    await page.getByText('5,000 images', { exact: true }).waitFor()
    expect(await searchBox(page).inputValue()).toBe('')
    await expectQuery(page, 'search', null)
  })

  it('helps where nothing matches', async () => {
    const page = await openPage(server, { query: '?search=zebra' })
    await page.getByRole('heading', { name: 'Nothing matches “zebra”.' }).waitFor()
    await page.getByRole('main').getByRole('button', { name: 'Clear search' }).click()
    await page.getByText('5,000 images', { exact: true }).waitFor()
    expect(await searchBox(page).inputValue()).toBe('')
    await expectQuery(page, 'search', null)
  })

  it('reverses the order, and restores it with the back button', async () => {
    const page = await openPage(server)
    await image(page, 'Photo 4998').waitFor()
    await page.getByRole('combobox', { name: 'Order' }).selectOption('Oldest first')
    await image(page, 'Photo 1').waitFor()
    expect((await shownNames(page)).slice(0, 3)).toEqual(['Photo 1', 'Photo 2', 'Photo 3'])
    await expectQuery(page, 'order', 'added-asc')
    await page.goBack()
    await image(page, 'Photo 4998').waitFor()
    await expectQuery(page, 'order', null)
    await page.goForward()
    await image(page, 'Photo 1').waitFor()
  })

  it('shows more images at a smaller size, and remembers the size', async () => {
    const page = await openPage(server)
    const sizes = page.getByRole('radiogroup', { name: 'Image size' })
    const width = async () => (await image(page, 'Photo 4998').boundingBox())?.width ?? 0
    await image(page, 'Photo 4998').waitFor()
    await sizes.getByTitle('Large').click()
    // The images are 64 pixels wide and never enlarged, so the distance between them shows the size.
    const distance = async () => {
      const [one, two] = [image(page, 'Photo 4997'), image(page, 'Photo 4996')]
      const [first, second] = [await one.boundingBox(), await two.boundingBox()]
      return first && second ? second.x - first.x : 0
    }
    await expect.poll(distance, PATIENCE).toBeGreaterThan(280)
    await sizes.getByTitle('Small').click()
    await expect.poll(distance, PATIENCE).toBeLessThan(180)
    expect(await width()).toBeLessThanOrEqual(64)
    await page.reload()
    await image(page, 'Photo 4998').waitFor()
    await expect.poll(distance, PATIENCE).toBeLessThan(180)
  })

  it('opens an image by click, by link and by the forward button', async () => {
    const page = await openPage(server)
    await openItem(page, 'Photo 4998')
    await expectQuery(page, 'open', '4998')
    const { search: query } = new URL(page.url())
    const name = (opened: typeof page) => itemPanel(opened).getByLabel('Name', { exact: true })

    const colleague = await openPage(server, { query })
    await name(colleague).waitFor()
    expect(await name(colleague).inputValue()).toBe('Photo 4998')
    await colleague.getByRole('button', { name: 'Next image' }).click()
    await expect.poll(() => name(colleague).inputValue(), PATIENCE).toBe('Photo 4997')

    await page.goBack()
    await name(page).waitFor({ state: 'detached' })
    await page.goForward()
    await name(page).waitFor()
    await page.keyboard.press('Escape')
    await name(page).waitFor({ state: 'detached' })
    await expectQuery(page, 'open', null)
  })

  it('finds the position of an open image among the matches, and scrolls there when it is closed', async () => {
    const page = await openPage(server, { query: '?search=photo&open=1200' })
    await itemPanel(page).getByText('3,799 of 4,998', { exact: true }).waitFor()
    expect(await page.title()).toBe('Photo 1200 – Vitrine')
    await page.keyboard.press('ArrowRight')
    await itemPanel(page).getByText('3,800 of 4,998', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await image(page, 'Photo 1199').waitFor()
    await expectFocus(page.getByRole('main').getByRole('link', { name: 'Photo 1199', exact: true }))
  })
})
