import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { type Server, startServer } from '../harness.ts'
import { describePage, expectFocus, expectQuery, openPage, PATIENCE, shownNames } from './page.ts'

const ITEMS = 1_000_000

/**
 * Answers list requests as a server with a million items would. Only the page is under test: creating
 * a million items would take longer than all other tests of the page.
 */
const answerLists = (page: Page) =>
  page.route('**/media?*', (route) => {
    const query = new URL(route.request().url()).searchParams
    const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))]
    const media = Array.from({ length: Math.min(limit, ITEMS - offset) }, (_, index) => {
      const id = ITEMS - offset - index
      const urls = {
        scaled: '/favicon.svg',
        high: '/favicon.svg',
        template: '/favicon.svg?{width}',
      }
      const shape = {
        width: 64,
        height: 48,
        frames: 1,
        thumbhash: 'A'.repeat(28),
        color: '#808080',
      }
      return { id, name: `Photo ${id}`, tags: [], ...shape, urls }
    })
    return route.fulfill({ json: { media }, headers: { 'x-total-count': String(ITEMS) } })
  })

describePage('a library of a million images', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer()
    return () => server.stop()
  })

  const open = async (query = '') => {
    const page = await openPage(server, { username: 'admin' })
    await answerLists(page)
    await page.goto(`${server.url}/${query}`)
    await page.getByTestId('name').first().waitFor()
    return page
  }
  const numbers = async (page: Page) =>
    (await shownNames(page)).map((name) => Number(name.replace('Photo ', '')))

  it('spans the whole scrollbar: the middle of the list is in its middle', async () => {
    const page = await open()
    await page.getByTestId('grid').evaluate((grid) => {
      const { scrollHeight, clientHeight } = grid
      grid.scrollTop = (scrollHeight - clientHeight) / 2
    })
    const distance = async () => {
      const seen = await numbers(page)
      return Math.abs(ITEMS / 2 - (seen[Math.floor(seen.length / 2)] ?? 0))
    }
    await expect.poll(distance, PATIENCE).toBeLessThan(100)
    expect(await page.locator('*').count()).toBeLessThan(1500)
  })

  it('can be walked by keys to its end and back', async () => {
    const page = await open()
    await page.getByRole('grid').getByRole('link').first().focus()
    await page.keyboard.press('ControlOrMeta+End')
    await expectFocus(page.getByRole('link', { name: 'Photo 1', exact: true }))
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ControlOrMeta+Home')
    await expectFocus(page.getByRole('link', { name: `Photo ${ITEMS}`, exact: true }))
  })

  it('opens at the position in the address, however far down', async () => {
    const page = await open('?at=900000')
    await expect
      .poll(async () => (await numbers(page)).includes(ITEMS - 900_000), PATIENCE)
      .toBe(true)
    const at = Number(new URL(page.url()).searchParams.get('at'))
    expect(Math.abs(at - 900_000)).toBeLessThan(100)
    await page.reload()
    await expect.poll(async () => (await numbers(page)).includes(ITEMS - at), PATIENCE).toBe(true)
    await expectQuery(page, 'at', String(at))
  })
})
