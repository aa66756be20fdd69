import type { CDPSession, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Server, signIn, startServer } from '../harness.ts'
import { describePage, expectFocus, expectQuery, itemPanel, openPage, PATIENCE } from './page.ts'

describePage('a large image', () => {
  let server: Server
  const ids: Record<string, number> = {}
  beforeAll(async () => {
    server = await startServer()
    const client = await signIn(server)
    for (const [index, name] of ['Two', 'Three'].entries()) {
      const picture = await makeJpeg({ seed: index + 1, width: 1600, height: 1200 })
      ids[name] = (await client.add(name, [], picture)).body.media.id
    }
  })
  afterAll(() => server.stop())

  const expectShown = async (page: Page, name: string) => {
    await expectQuery(page, 'open', String(ids[name]))
    await itemPanel(page).getByRole('heading', { name, exact: true }).waitFor()
  }
  const stage = (page: Page) => itemPanel(page).getByTestId('stage')
  const boxOf = async (part: Locator) => {
    const box = await part.boundingBox()
    if (!box) throw new Error('It is not on the screen.')
    return box
  }
  const picture = (page: Page) => boxOf(stage(page).getByTestId('picture'))
  /** Waits until the image is this wide on the screen, in pixels. */
  const expectWidth = (page: Page, width: number) =>
    expect.poll(async () => Math.round((await picture(page)).width), PATIENCE).toBe(width)

  it('zooms around the pointer by wheel, moves by dragging, and zooms out by double click', async () => {
    const page = await openPage(server, { query: `?open=${ids.Three}` })
    await expectShown(page, 'Three')
    const whole = await picture(page)
    const point = { x: whole.x + whole.width / 4, y: whole.y + whole.height / 4 }
    await page.mouse.move(point.x, point.y)
    await page.mouse.wheel(0, -500)
    await expect
      .poll(async () => (await picture(page)).width, PATIENCE)
      .toBeGreaterThan(2 * whole.width)
    const large = await picture(page)
    expect((point.x - large.x) / large.width).toBeCloseTo(1 / 4, 2)
    expect((point.y - large.y) / large.height).toBeCloseTo(1 / 4, 2)

    await page.mouse.down()
    await page.mouse.move(point.x - 60, point.y - 40, { steps: 4 })
    await page.mouse.up()
    const moved = await picture(page)
    expect(moved.x).toBeCloseTo(large.x - 60, 0)
    expect(moved.y).toBeCloseTo(large.y - 40, 0)
    // Dragging stops at the edge of the image.
    await page.mouse.down()
    await page.mouse.move(point.x + 3000, point.y + 3000, { steps: 4 })
    await page.mouse.up()
    const { x, y } = await boxOf(stage(page))
    const edge = await picture(page)
    expect(edge.x).toBeCloseTo(x, 0)
    expect(edge.y).toBeCloseTo(y, 0)

    await stage(page).dblclick()
    await expectWidth(page, Math.round(whole.width))
    await stage(page).dblclick()
    await expectWidth(page, Math.round(2 * whole.width))
  })

  it('zooms by keys and buttons; while zoomed, arrows move the image instead of leaving it', async () => {
    const page = await openPage(server, { query: `?open=${ids.Three}` })
    await expectShown(page, 'Three')
    const whole = await picture(page)
    await page.keyboard.press('+')
    await expectWidth(page, Math.round(1.5 * whole.width))
    await itemPanel(page).getByRole('button', { name: 'Zoom in' }).click()
    await expectWidth(page, Math.round(2.25 * whole.width))
    const { x } = await picture(page)
    await page.keyboard.press('ArrowRight')
    await expect.poll(async () => (await picture(page)).x, PATIENCE).toBeCloseTo(x - 80, 0)
    await page.keyboard.press('-')
    await expectWidth(page, Math.round(1.5 * whole.width))
    await page.keyboard.press('0')
    await expectWidth(page, Math.round(whole.width))
    await expectShown(page, 'Three')
    await page.keyboard.press('ArrowRight')
    await expectShown(page, 'Two')
  })

  it('fills the window; Escape first leaves the full window, then the image', async () => {
    const page = await openPage(server, { query: `?open=${ids.Three}` })
    await expectShown(page, 'Three')
    const { width } = await boxOf(stage(page))
    await page.keyboard.press('f')
    await expect.poll(async () => (await boxOf(stage(page))).width, PATIENCE).toBe(1280)
    await expectFocus(page.getByRole('button', { name: 'Exit full window' }))
    await page.keyboard.press('Escape')
    await expect.poll(async () => (await boxOf(stage(page))).width, PATIENCE).toBe(width)
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    await expectQuery(page, 'open', null)
  })

  /** Moves fingers from one place to another, each as [x, y]. */
  const touch = async (cdp: CDPSession, fingers: [from: number[], to: number[]][]) => {
    const STEPS = 6
    const points = (part: number) =>
      fingers.map(([from, to], id) => {
        const [x = 0, y = 0] = from.map((start, axis) => start + ((to[axis] ?? 0) - start) * part)
        return { x, y, id }
      })
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(0) })
    for (let step = 1; step <= STEPS; step++) {
      const touchPoints = points(step / STEPS)
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints })
    }
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  }

  it('swipes to the next image, zooms with two fingers, and moves with one', async () => {
    const viewport = { width: 390, height: 844 }
    const page = await openPage(server, { viewport, hasTouch: true, query: `?open=${ids.Three}` })
    await expectShown(page, 'Three')
    const cdp = await page.context().newCDPSession(page)
    const swipe = (by: number) =>
      touch(cdp, [
        [
          [195, 250],
          [195 + by, 255],
        ],
      ])
    await swipe(-150)
    await expectShown(page, 'Two')
    await swipe(150)
    await expectShown(page, 'Three')
    await swipe(-30)

    const whole = await picture(page)
    await touch(cdp, [
      [
        [170, 250],
        [70, 250],
      ],
      [
        [220, 250],
        [320, 250],
      ],
    ])
    await expectShown(page, 'Three')
    await expect
      .poll(async () => (await picture(page)).width, PATIENCE)
      .toBeGreaterThan(2 * whole.width)
    const large = await picture(page)
    await swipe(-100)
    await expect.poll(async () => (await picture(page)).x, PATIENCE).toBeCloseTo(large.x - 100, 0)
    await expectShown(page, 'Three')
    const tap = () => page.touchscreen.tap(195, 250)
    await Promise.all([tap(), tap()])
    await expectWidth(page, Math.round(whole.width))
  })
})
