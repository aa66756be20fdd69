import type { Page } from 'playwright-core'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import { describePage, expectFocus, itemPanel, openPage, PATIENCE } from './page.ts'

describePage('what shows an image elsewhere', () => {
  let server: Server
  let client: Client
  let id: number
  let template: string
  beforeAll(async () => {
    server = await startServer({ VITRINE_PUBLIC_URL: 'https://media.example.org' })
    client = await signIn(server)
    const { body } = await client.add(
      'A [big] "name" & <more>',
      [],
      await makeJpeg({ width: 2000, height: 1000 }),
    )
    id = body.media.id
    template = body.media.urls.template
    await client.request('PUT', '/presets/hero', { json: { options: 'w_1000,ar_21-9' } })
    return () => server.stop()
  })

  const open = async (options: Parameters<typeof openPage>[1] = {}) => {
    const page = await openPage(server, { query: `?open=${id}`, ...options })
    await itemPanel(page).getByRole('button', { name: 'Copy' }).click()
    const panel = page.getByRole('dialog', { name: 'Copy' })
    await panel.getByLabel('Size in pixels').waitFor()
    return { page, panel }
  }
  const copied = (page: Page) => () => page.evaluate<string>('navigator.clipboard.readText()')
  const addressOf = (width: number, format: string) =>
    server.url + template.replace('{width}.webp', `${width}.${format}`)

  it('is copied as a link of any size and format, Markdown, HTML, and the link of a preset', async () => {
    const { page, panel } = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    await expectNoFaults(page)
    await panel.getByRole('button', { name: 'Copy link', exact: true }).click()
    await page.getByText('Copied', { exact: true }).waitFor()
    await expect.poll(copied(page), PATIENCE).toBe(addressOf(1600, 'webp'))

    await panel.getByLabel('Size in pixels').selectOption('480 × 240')
    await panel.getByLabel('Format').selectOption('JPEG')
    await panel.getByRole('button', { name: 'Copy link', exact: true }).click()
    await expect.poll(copied(page), PATIENCE).toBe(addressOf(480, 'jpg'))
    await panel.getByRole('button', { name: 'Copy as Markdown' }).click()
    const markdown = `![A \\[big\\] "name" & <more>](${addressOf(480, 'jpg')})`
    await expect.poll(copied(page), PATIENCE).toBe(markdown)

    await panel.getByRole('button', { name: 'Copy as HTML' }).click()
    await expect.poll(copied(page), PATIENCE).toMatch(/^<picture>/)
    expect(await copied(page)()).toContain('https://media.example.org/media/file/')

    await panel.getByRole('button', { name: 'Copy link, preset hero' }).click()
    await expect.poll(copied(page), PATIENCE).toMatch(/\/hero,v_1\.jpg$/)
    const { status, headers } = await client.get(new URL(await copied(page)()).pathname)
    expect([status, headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    // The same message replaces itself instead of piling up.
    await expect.poll(() => page.getByText('Copied', { exact: true }).count(), PATIENCE).toBe(1)
  })

  it('is reached by keys; Escape leads back to the button, and the image stays open', async () => {
    const { page, panel } = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    await expectFocus(panel.getByLabel('Size in pixels'))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await expectFocus(panel.getByRole('button', { name: 'Copy link', exact: true }))
    await page.keyboard.press('Enter')
    await expect.poll(copied(page), PATIENCE).toBe(addressOf(1600, 'webp'))
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
    await expectFocus(itemPanel(page).getByRole('button', { name: 'Copy' }))
    expect(await itemPanel(page).isVisible()).toBe(true)
  })

  it('is the large image where the server makes no other sizes', async () => {
    const off = await startServer({ VITRINE_TRANSFORMS: 'off' }, server.data)
    onTestFinished(() => off.kill())
    const permissions = ['clipboard-read', 'clipboard-write']
    const page = await openPage(off, { query: `?open=${id}`, permissions })
    await itemPanel(page).getByRole('button', { name: 'Copy' }).click()
    const panel = page.getByRole('dialog', { name: 'Copy' })
    await panel.getByRole('button', { name: 'Copy link', exact: true }).click()
    const large = off.url + template.replace('w_{width}', 'high')
    await expect.poll(copied(page), PATIENCE).toBe(large)
    expect(await panel.getByLabel('Size in pixels').count()).toBe(0)
    expect(await panel.getByRole('alert').count()).toBe(0)
  })

  it('is shown as text when the browser blocks copying', async () => {
    const { page, panel } = await open()
    // Browsers have no clipboard API on a page without TLS from another machine.
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`)
    await panel.getByRole('button', { name: 'Copy link', exact: true }).click()
    await page.getByText('Your browser blocked copying.').waitFor()
    const text = page.getByRole('textbox', { name: 'Copy link' })
    expect(await text.inputValue()).toBe(addressOf(1600, 'webp'))
    await page.keyboard.press('Escape')
    await text.waitFor({ state: 'detached' })
    expect(await itemPanel(page).isVisible()).toBe(true)
  })
})
