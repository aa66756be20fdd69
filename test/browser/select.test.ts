import { beforeAll, expect, it } from 'vitest'
import { fillLibrary } from '../fill-library.ts'
import { makeDataFolder, type Server, startServer } from '../harness.ts'
import { describePage, expectFocus, image, openPage } from './page.ts'
import {
  checkbox,
  expectSelected,
  isSelected,
  opener,
  select,
  selectionBar,
} from './select-steps.ts'

const ITEMS = 400

describePage('selecting images', () => {
  let server: Server
  beforeAll(async () => {
    const data = makeDataFolder()
    const names = Array.from({ length: ITEMS }, (_, index) => `Photo ${index + 1}`)
    await fillLibrary(
      data,
      names.map((name) => ({ name, tags: name.endsWith('0') ? ['round'] : [] })),
    )
    server = await startServer({}, data)
    return () => server.stop()
  })

  const open = async (query = '') => {
    const page = await openPage(server, { query })
    await image(page, query === '' ? 'Photo 400' : 'Photo 1').waitFor()
    return page
  }

  it('works by checkbox, then by click and by Shift and click', async () => {
    const page = await open('?order=added-asc')
    await checkbox(page, 'Photo 2').click()
    await expectSelected(page, 1)
    await checkbox(page, 'Photo 4').click()
    await expectSelected(page, 2)
    // While anything is selected, a click selects instead of opening.
    await image(page, 'Photo 5').click()
    await expectSelected(page, 3)
    await image(page, 'Photo 8').click({ modifiers: ['Shift'] })
    await expectSelected(page, 6)
    await image(page, 'Photo 4').click()
    await expectSelected(page, 5)
    const chosen = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => isSelected(page, `Photo ${number}`)),
    )
    expect(chosen).toEqual([false, true, false, false, true, true, true, true, false])
    await page.keyboard.press('Escape')
    await selectionBar(page).waitFor({ state: 'detached' })
    expect(await isSelected(page, 'Photo 5')).toBe(false)
  })

  it('works by keys, also over images that were never on the screen', async () => {
    const page = await open('?order=added-asc')
    await opener(page, 'Photo 1').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Space')
    await expectSelected(page, 1)
    await page.keyboard.press('Shift+ArrowRight')
    await expectSelected(page, 2)
    await page.keyboard.press('Shift+ControlOrMeta+End')
    await image(page, `Photo ${ITEMS}`).waitFor()
    await expectSelected(page, ITEMS - 1)
  })

  it('works by a rubber band, which replaces the selection or adds to it', async () => {
    const page = await open('?order=added-asc')
    const center = async (name: string) => {
      const { x, y, width, height } = (await image(page, name).boundingBox()) ?? never()
      return { x: x + width / 2, y: y + height / 2 }
    }
    const drag = async (from: string, to: string) => {
      const [start, end] = [await center(from), await center(to)]
      await page.mouse.move(start.x, start.y)
      await page.mouse.down()
      await page.mouse.move(end.x - 10, end.y, { steps: 3 })
      await page.mouse.move(end.x, end.y)
      await page.mouse.up()
    }
    const columns = Number(await page.getByRole('grid').getAttribute('aria-colcount'))
    await drag('Photo 2', `Photo ${columns + 3}`)
    await expectSelected(page, 4)
    expect(await isSelected(page, `Photo ${columns + 2}`)).toBe(true)
    expect(await isSelected(page, 'Photo 4')).toBe(false)
    await page.keyboard.down('Shift')
    await drag('Photo 4', 'Photo 5')
    await page.keyboard.up('Shift')
    await expectSelected(page, 6)
    await drag('Photo 4', 'Photo 5')
    await expectSelected(page, 2)
  })

  it('selects all matches of a search; a new search ends that selection', async () => {
    const page = await open()
    const search = page.getByRole('searchbox')
    await search.fill('round')
    await page.getByText('40 matches', { exact: true }).waitFor()
    await opener(page, 'Photo 400').focus()
    await page.keyboard.press('ControlOrMeta+a')
    await expectSelected(page, 40)
    await image(page, 'Photo 390').click()
    await expectSelected(page, 39)
    await selectionBar(page).getByRole('button', { name: 'Select all 40' }).click()
    await expectSelected(page, 40)
    await selectionBar(page).getByRole('button', { name: 'Clear selection' }).click()
    await selectionBar(page).waitFor({ state: 'detached' })
    await expectFocus(page.getByRole('main'))
    // The tools are back.
    await search.fill('')
    await page.getByText('400 images', { exact: true }).waitFor()
  })

  it('keeps the heading of the page, and makes the tools under the bar unreachable', async () => {
    const page = await open()
    await select(page, 'Photo 400')
    await page.getByRole('heading', { name: 'Vitrine', level: 1 }).waitFor()
    expect(await page.getByRole('button', { name: 'Upload', exact: true }).count()).toBe(0)
  })

  it('leaves the search reachable, and keeps the selection through a search', async () => {
    const page = await open()
    const top = (name: string) =>
      image(page, name).evaluate((shown) => shown.getBoundingClientRect().top)
    const before = await top('Photo 400')
    await select(page, 'Photo 400')
    // Nothing moves.
    expect(await top('Photo 400')).toBe(before)
    await page.keyboard.press('/')
    await expectFocus(page.getByRole('searchbox'))
    await page.keyboard.type('photo 39')
    await page.keyboard.press('Enter')
    await expectFocus(opener(page, 'Photo 399'))
    await page.keyboard.press('Space')
    await expectSelected(page, 2)
    await page.getByRole('searchbox').fill('')
    await page.getByText('400 images', { exact: true }).waitFor({ state: 'attached' })
    expect(await isSelected(page, 'Photo 400')).toBe(true)
    await expectSelected(page, 2)
  })

  it('reports when the images cannot be read, and keeps the selection', async () => {
    const page = await open()
    await select(page, 'Photo 400')
    await page.route('**/media?*', (route) => route.fulfill({ status: 500, json: {} }))
    await selectionBar(page).getByRole('button', { name: 'Select all 400' }).click()
    await page.getByText('The images could not be selected.').waitFor()
    await expectSelected(page, 1)
    await page.unroute('**/media?*')
    await selectionBar(page).getByRole('button', { name: 'Select all 400' }).click()
    await expectSelected(page, 400)
    expect(await page.getByText('The images could not be selected.').count()).toBe(0)
  })
})

const never = (): never => {
  throw new Error('It is not there.')
}
