import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { heard } from '../../src/base/heard.ts'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import {
  describePage,
  expectFocus,
  expectNames,
  expectQuery,
  openPage,
  PATIENCE,
  place,
} from './page.ts'

const field = (page: Page) => page.getByLabel('Alternative text', { exact: true })
const heading = (page: Page, name: string) =>
  page.getByRole('heading', { level: 2, name, exact: true })
const progress = (page: Page, text: string) => page.getByText(text, { exact: true }).waitFor()

describePage('the alt-text desk', () => {
  let server: Server
  let client: Client
  let seed = 1
  /** Suggests a text for images whose names begin with "suggest", and fails for others. */
  const service = heard(
    createServer(async (request, response) => {
      const { name, language } = JSON.parse(Buffer.concat(await request.toArray()).toString())
      const alt = name.startsWith('suggest') ? `A wall (${name}, ${language})` : ''
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ alt }))
    }),
  )
  beforeAll(async () => {
    service.listen(0, '127.0.0.1')
    await once(service, 'listening')
    const address = service.address()
    const port = typeof address === 'object' ? address?.port : undefined
    server = await startServer({ VITRINE_DESCRIBE_URL: `http://127.0.0.1:${port}/` })
    client = await signIn(server)
    return async () => {
      await server.stop()
      service.close()
    }
  })

  /** Adds images with a tag of their own, so that tests do not disturb each other. */
  const add = async (tag: string, ...names: string[]) => {
    const ids: number[] = []
    for (const name of names) {
      const image = await makeJpeg({ seed: seed++, width: 640, height: 480 })
      ids.push((await client.add(name, [tag], image)).body.media.id)
    }
    return ids
  }
  const open = (tag: string, visit = {}) =>
    openPage(server, { query: `?view=alt&order=added-asc&tag=${tag}`, ...visit })
  const altOf = async (id: number | undefined) =>
    (await client.get(`/media/item/${id}`)).body.media.alt
  const expectAlt = (id: number | undefined, alt: string | null) =>
    expect.poll(() => altOf(id), PATIENCE).toBe(alt)

  it('is worked off by keyboard alone: text, decorative, skip, and back', async () => {
    const [a, b, c, d] = await add('keys', 'a', 'b', 'c', 'd')
    const page = await open('keys')
    await heading(page, 'a').waitFor()
    await progress(page, '0 of 4 done, 4 left')
    await expectFocus(field(page))
    await page.keyboard.press('Enter')
    await page.getByText('Write a text, mark the image as decorative, or skip it.').waitFor()
    await page.keyboard.type('A red wall')
    await page.getByText('10 of 1,000 characters').waitFor()
    await page.keyboard.press('Enter')
    await heading(page, 'b').waitFor()
    await progress(page, '1 of 4 done, 3 left')
    await expectFocus(field(page))
    await page.keyboard.press('ControlOrMeta+Shift+Enter')
    await heading(page, 'c').waitFor()
    await page.keyboard.press('PageDown')
    await heading(page, 'd').waitFor()
    await page.keyboard.type('A blue wall')
    await page.keyboard.press('PageUp')
    await heading(page, 'c').waitFor()
    await page.keyboard.press('PageUp')
    await heading(page, 'b').waitFor()
    expect(await field(page).getAttribute('placeholder')).toContain('Decorative')
    await page.keyboard.press('PageUp')
    await heading(page, 'a').waitFor()
    expect(await field(page).inputValue()).toBe('A red wall')
    await page.keyboard.type(' in the sun')
    await page.keyboard.press('ControlOrMeta+Enter')
    await heading(page, 'd').waitFor()
    expect(await field(page).inputValue()).toBe('A blue wall')
    await page.keyboard.press('Enter')
    await page.getByText('Only the image that you skipped is left.').waitFor()
    await progress(page, '3 of 4 done, 1 left')
    await page.getByRole('button', { name: 'Show them again' }).click()
    await heading(page, 'c').waitFor()
    await page.keyboard.type('Something between')
    await page.keyboard.press('Enter')
    await page.getByText('Every one of these images has an alternative text.').waitFor()
    await page.getByText('All saved').waitFor()
    await expectAlt(a, 'A red wall in the sun')
    await expectAlt(b, '')
    await expectAlt(c, 'Something between')
    await expectAlt(d, 'A blue wall')
  })

  it('is reached from the menu, left by its button, and has an address', async () => {
    await add('way', 'w1', 'w2')
    const page = await openPage(server, {
      query: '?tag=way',
      viewport: { width: 1440, height: 900 },
    })
    await place(page, 'Alternative texts').click()
    await expectQuery(page, 'view', 'alt')
    await heading(page, 'w2').waitFor()
    await page.getByRole('img', { name: 'w2' }).waitFor()
    expect(await page.title()).toBe('Alternative texts – Vitrine')
    await expectNoFaults(page, '1440 px')
    await page.setViewportSize({ width: 390, height: 844 })
    await expectNoFaults(page, '390 px')
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(overflow).toBeLessThanOrEqual(390)
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.getByRole('button', { name: 'Details' }).click()
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await heading(page, 'w2').waitFor()
    await page.getByRole('button', { name: 'Back to the library' }).click()
    await expectNames(page, ['w2', 'w1'])
    await page.goBack()
    await heading(page, 'w2').waitFor()
  })

  it('never waits for the network, and loses no text to a lost connection or a reload', async () => {
    const [a, b] = await add('offline', 'o1', 'o2', 'o3')
    const page = await open('offline')
    await heading(page, 'o1').waitFor()
    await page.context().setOffline(true)
    await page.keyboard.type('One')
    await page.keyboard.press('Enter')
    await heading(page, 'o2').waitFor()
    await page.getByText('1 text is not saved yet.').waitFor()
    await page.keyboard.type('Two')
    await page.keyboard.press('Enter')
    await page.getByText('2 texts are not saved yet.').waitFor()
    expect(await altOf(a)).toBe(null)
    await page.keyboard.type('Half of thr')
    await page.context().setOffline(false)
    await page.getByText('All saved').waitFor()
    await expectAlt(a, 'One')
    await expectAlt(b, 'Two')
    await page.reload()
    await heading(page, 'o3').waitFor()
    expect(await field(page).inputValue()).toBe('Half of thr')
  })

  it('leaves the changes of others alone, and asks where both have written a text', async () => {
    const [a, b, c] = await add('others', 'x1', 'x2', 'x3', 'x4')
    const page = await open('others')
    await heading(page, 'x1').waitFor()
    await client.request('PATCH', `/media/item/${a}`, { json: { name: 'renamed' } })
    await client.request('PATCH', `/media/item/${b}`, { json: { alt: 'Theirs' } })
    await client.delete(`/media/delete/${c}`)
    await page.keyboard.type('Mine')
    await page.keyboard.press('Enter')
    await expectAlt(a, 'Mine')
    await heading(page, 'x2').waitFor()
    await page.keyboard.type('Mine too')
    await page.keyboard.press('Enter')
    await heading(page, 'x3').waitFor()
    await page.getByText('1 text needs your decision. It comes next.').waitFor()
    await page.keyboard.type('For nobody')
    await page.keyboard.press('Enter')
    await page.getByText('Your text for it was: For nobody').waitFor()
    await heading(page, 'x2').waitFor()
    await page.getByRole('alert').getByText('Theirs', { exact: true }).waitFor()
    expect(await field(page).inputValue()).toBe('Mine too')
    await expectNoFaults(page)
    expect(await altOf(b)).toBe('Theirs')
    await page.keyboard.press('Enter')
    await expectAlt(b, 'Mine too')
    await heading(page, 'x4').waitFor()
    expect((await client.get(`/media/item/${a}`)).body.media.name).toBe('renamed')
  })

  it('keeps the text of somebody else if the user wants that', async () => {
    const [a] = await add('theirs', 't1', 't2')
    const page = await open('theirs')
    await heading(page, 't1').waitFor()
    await client.request('PATCH', `/media/item/${a}`, { json: { alt: 'Theirs' } })
    await page.keyboard.type('Mine')
    await page.keyboard.press('Enter')
    await heading(page, 't2').waitFor()
    await page.keyboard.press('PageDown')
    await heading(page, 't1').waitFor()
    await page.getByRole('button', { name: 'Keep theirs' }).click()
    await page.getByText('Only the image that you skipped is left.').waitFor()
    expect(await altOf(a)).toBe('Theirs')
  })

  it('shows what a service suggests, which is saved only if the user takes it over', async () => {
    const [a, b, c] = await add('service', 'suggest 1', 'suggest 2', 'fail')
    const page = await open('service')
    const box = page.getByRole('group', { name: 'Suggestion' })
    await box.getByText('A wall (suggest 1, en)').waitFor()
    expect(await field(page).inputValue()).toBe('')
    await expectNoFaults(page)
    await page.keyboard.press('Alt+Enter')
    expect(await field(page).inputValue()).toBe('A wall (suggest 1, en)')
    expect(await altOf(a)).toBe(null)
    await page.keyboard.type(', red')
    await page.keyboard.press('Enter')
    await expectAlt(a, 'A wall (suggest 1, en), red')
    await box.getByText('A wall (suggest 2, en)').waitFor()
    await page.keyboard.type('My own')
    await page.keyboard.press('Enter')
    await expectAlt(b, 'My own')
    await box.getByText('The service that suggests texts gave none: its text is empty.').waitFor()
    await page.keyboard.type('By hand')
    await page.keyboard.press('Enter')
    await expectAlt(c, 'By hand')
  })

  it('speaks German', async () => {
    await add('deutsch', 'g1')
    const page = await open('deutsch', { locale: 'de-DE' })
    await page.getByText('0 von 1 erledigt, noch 1').waitFor()
    await page.getByRole('button', { name: 'Speichern, weiter' }).waitFor()
  })
})
