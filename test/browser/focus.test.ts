import type { Locator } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import { describePage, expectFocus, expectQuery, openItem, openPage, PATIENCE } from './page.ts'

describePage('the focal point of an image', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
    await client.add('Other', [], await makeJpeg({ seed: 2 }))
    return () => server.stop()
  })

  const add = async (name: string, seed: number) =>
    (await client.add(name, [], await makeJpeg({ seed, width: 800, height: 400 }))).body.media.id
  const stored = async (id: number) =>
    (await client.list()).body.media.find((item) => item.id === id)?.focus
  const pointOf = (panel: Locator) => panel.getByRole('slider', { name: 'Focal point' })
  const open = (panel: Locator) => panel.getByRole('button', { name: 'Set: Focal point' }).click()
  const spoken = (panel: Locator) => pointOf(panel).getAttribute('aria-valuetext')
  const save = async (panel: Locator) => {
    await panel.getByRole('button', { name: 'Save' }).click()
    await panel.page().getByText('Saved', { exact: true }).waitFor()
  }

  it('is set by a click, moved by dragging, previewed, and saved with the other fields', async () => {
    const id = await add('Clicked', 3)
    const page = await openPage(server)
    const panel = await openItem(page, 'Clicked')
    await panel.getByLabel('Credit').fill('Ada')
    await open(panel)
    const area = panel.getByTestId('focus-area')
    const { width, height } = (await area.boundingBox()) ?? { width: 0, height: 0 }
    await area.click({ position: { x: width * 0.25, y: height * 0.5 } })
    await expect.poll(() => spoken(panel), PATIENCE).toBe('25% from the left, 50% from the top')
    await area.hover({ position: { x: width * 0.25, y: height * 0.5 } })
    await page.mouse.down()
    await area.hover({ position: { x: width * 0.4, y: height * 0.8 }, force: true })
    await page.mouse.up()
    await expect.poll(() => spoken(panel), PATIENCE).toBe('40% from the left, 80% from the top')
    // A square of 400 pixels around 320 begins at 120, of the 400 that it could be moved.
    const position = (name: string) =>
      panel
        .getByRole('img', { name })
        .evaluate((image) => Reflect.get(Reflect.get(image, 'style'), 'objectPosition'))
    expect(await position('Cropped to 1 by 1')).toBe('30% 50%')
    expect(await position('Cropped to 3 by 4')).toBe('34% 50%')
    expect(await position('Cropped to 16 by 9')).toBe('0% 50%')
    expect(await stored(id)).toBeNull()
    await expectNoFaults(page)
    await save(panel)
    expect(await stored(id)).toEqual({ x: 0.4, y: 0.8 })
  })

  it('is moved by keys, and removed by the Delete key, which does not delete the image', async () => {
    const id = await add('Typed', 4)
    const page = await openPage(server)
    const panel = await openItem(page, 'Typed')
    await open(panel)
    await pointOf(panel).focus()
    expect(await spoken(panel)).toBe('Not set')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Shift+ArrowUp')
    await expect.poll(() => spoken(panel), PATIENCE).toBe('51% from the left, 40% from the top')
    await page.keyboard.press('ControlOrMeta+s')
    await page.getByText('Saved', { exact: true }).waitFor()
    expect(await stored(id)).toEqual({ x: 0.51, y: 0.4 })
    await pointOf(panel).focus()
    await page.keyboard.press('Delete')
    await panel.getByText('Without a point').waitFor()
    await expectFocus(pointOf(panel))
    await expectNoFaults(page)
    await page.keyboard.press('ControlOrMeta+s')
    await expect.poll(() => stored(id), PATIENCE).toBeNull()
    await expectQuery(page, 'open', String(id))
  })

  it('is kept as input when someone else has changed the image meanwhile', async () => {
    const id = await add('Raced', 5)
    const page = await openPage(server)
    const panel = await openItem(page, 'Raced')
    await open(panel)
    await pointOf(panel).press('ArrowLeft')
    await client.request('PATCH', `/media/item/${id}`, { json: { rating: 2 } })
    await panel.getByRole('button', { name: 'Save' }).click()
    await panel.getByText('Someone has changed this image').waitFor()
    expect(await stored(id)).toBeNull()
    await panel.getByRole('button', { name: 'Load current version' }).click()
    await save(panel)
    expect(await stored(id)).toEqual({ x: 0.49, y: 0.5 })
  })
})
