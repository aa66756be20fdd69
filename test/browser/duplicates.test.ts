import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { beforeAll, expect, it } from 'vitest'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { expectNoFaults } from './expect-no-faults.ts'
import { describePage, expectNames, expectQuery, openPage, PATIENCE, place } from './page.ts'

/** A picture of one large shape. Each hue looks different. */
const draw = (background: string, shape: string, width = 640) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480">
        <rect width="640" height="480" fill="${background}"/>${shape}</svg>`,
    ),
  ).resize(width)

const group = (page: Page, text: string) => page.getByText(text, { exact: true }).waitFor()
const kept = (page: Page, name: string) =>
  expect
    .poll(() => page.getByRole('radio', { name: `Keep this one ${name}` }).isChecked(), PATIENCE)
    .toBe(true)

describePage('duplicates', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
    return () => server.stop()
  })

  const add = async (name: string, tags: string[], image: Buffer) =>
    (await client.add(name, tags, image)).body.media.id
  const read = async (id: number) => (await client.get(`/media/item/${id}`)).body.media
  const change = (id: number, json: object) =>
    client.request('PATCH', `/media/item/${id}`, { json })

  it('of the same file are merged by keyboard, and the merge is undone', async () => {
    const sea = await draw('#1040a0', '<circle cx="90" cy="100" r="130" fill="#e0e0ff"/>')
      .png()
      .toBuffer()
    const hill = await draw('#206020', '<circle cx="500" cy="400" r="190" fill="#f0c020"/>')
      .png()
      .toBuffer()
    const a = await add('sea', ['blue'], sea)
    const b = await add('sea again', ['water'], sea)
    await change(b, { alt: 'The sea', translations: { de: { alt: 'Das Meer' } } })
    const c = await add('hill', [], hill)
    const d = await add('hill again', [], hill)
    const page = await openPage(server, { viewport: { width: 1440, height: 900 } })
    await place(page, 'Duplicates').click()
    await expectQuery(page, 'view', 'duplicates')
    await group(page, 'Group 1 of 2 · 2 images')
    await kept(page, '1: hill')
    await expectNoFaults(page, '1440 px')
    await page.setViewportSize({ width: 390, height: 844 })
    await expectNoFaults(page, '390 px')
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThan(391)
    await page.setViewportSize({ width: 1440, height: 900 })

    await page.keyboard.press('2')
    await kept(page, '2: hill again')
    await page.keyboard.press('ArrowLeft')
    await kept(page, '1: hill')
    await page.keyboard.press('Enter')
    await page.getByText('1 image was merged into “hill”.').waitFor()
    await group(page, 'Group 2 of 2 · 2 images')
    // It has the more texts.
    await kept(page, '2: sea again')
    await page.keyboard.press('1')
    await page.keyboard.press('Enter')
    await page.getByText('You have seen every group.').waitFor()
    await page.getByText('2 merged, 0 skipped').first().waitFor()
    expect(await read(a)).toMatchObject({ tags: ['blue', 'water'], alt: 'The sea' })
    expect((await client.list()).body.media.map(({ id }) => id)).toEqual([c, a])

    await page.keyboard.press('ControlOrMeta+z')
    await page.getByText('The images are in the library again.').waitFor()
    await group(page, 'Group 2 of 2 · 2 images')
    expect(await read(a)).toMatchObject({ tags: ['blue'], alt: null, translations: {} })
    expect(await read(b)).toMatchObject({ tags: ['water'], alt: 'The sea' })
    await page.keyboard.press('s')
    await page.getByText('You have seen every group.').waitFor()
    await page.keyboard.press('Backspace')
    await page.getByText('You skipped this group.').waitFor()
    await page.keyboard.press('Backspace')
    await page.getByText('This group was merged.').waitFor()
    await page.getByRole('main').getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('button', { name: 'Merge, 1 to the trash' }).waitFor()
    expect(await read(d)).not.toHaveProperty('trashedAt')
    // What was skipped stays so in this tab.
    await page.reload()
    await group(page, 'Group 1 of 2 · 2 images')
    await page.keyboard.press('s')
    await page.getByText('0 merged, 2 skipped').first().waitFor()
    await page.getByRole('button', { name: 'Back to the library' }).click()
    await expectNames(page, ['hill again', 'hill', 'sea again', 'sea'])
    await client.post('/media/bulk/delete', { ids: [a, b, c, d] })
  })

  it('that look alike show what differs; one of them can be left out', async () => {
    const shape = '<rect x="60" y="240" width="200" height="200" fill="#ffffff"/>'
    const red = (width: number) => draw('#a01020', shape, width)
    const small = await add('small', ['old'], await red(320).jpeg().toBuffer())
    const large = await add('large', [], await red(640).png().toBuffer())
    const third = await add('third', [], await red(500).webp().toBuffer())
    await change(small, { credit: 'Dora' })
    const page = await openPage(server, { query: '?view=duplicates' })
    await page.getByText('No file is in the library twice.').waitFor()
    await page.getByText('Look alike', { exact: true }).click()
    await expectQuery(page, 'kind', 'near')
    await group(page, 'Group 1 of 1 · 3 images')
    await page.goBack()
    await page.getByText('No file is in the library twice.').waitFor()
    await page.goForward()
    await group(page, 'Group 1 of 1 · 3 images')
    await kept(page, '2: large')
    await page.getByRole('row', { name: 'Pixels 320 × 240 640 × 480 500 × 375' }).waitFor()
    await page.getByRole('row', { name: 'Format JPEG PNG WebP' }).waitFor()
    await page.getByRole('row', { name: 'Credit Dora none none' }).waitFor()
    expect(await page.getByRole('rowheader', { name: 'Added by' }).count()).toBe(0)
    await page.getByRole('button', { name: /^Show \d+ lines? that/ }).click()
    await page.getByRole('row', { name: 'Added by admin admin admin' }).waitFor()
    await page.getByRole('checkbox', { name: 'Is a duplicate 3: third' }).uncheck()
    await expectNoFaults(page)
    await page.getByRole('button', { name: 'Open large' }).click()
    const panel = page.getByRole('dialog')
    await panel.getByRole('heading', { name: 'large', exact: true }).waitFor()
    await panel.getByRole('button', { name: 'Alike images' }).click()
    await panel.getByRole('button', { name: /^small distance 0/ }).waitFor()
    await expectNoFaults(page)
    await panel.getByRole('button', { name: /^third distance 0/ }).click()
    await panel.getByRole('heading', { name: 'third', exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Merge, 1 to the trash' }).click()
    await page.getByText('You have seen every group.').waitFor()
    expect(await read(large)).toMatchObject({ tags: ['old'], credit: 'Dora' })
    expect(await read(small)).toHaveProperty('trashedAt')
    expect(await read(third)).not.toHaveProperty('trashedAt')
    await client.post('/media/bulk/delete', { ids: [small, large, third] })
  })

  it('that others have changed meanwhile are left, and nothing is merged', async () => {
    const image = await draw('#f0f0f0', '<rect width="300" height="480" fill="#000000"/>')
      .png()
      .toBuffer()
    await add('one', [], image)
    const b = await add('two', [], image)
    const page = await openPage(server, { query: '?view=duplicates', locale: 'de-DE' })
    await group(page, 'Gruppe 1 von 1 · 2 Bilder')
    await client.delete(`/media/delete/${b}`)
    await page.keyboard.press('Enter')
    await page.getByText('Diese Bilder sind keine Duplikate mehr').first().waitFor()
    await page.getByText('Sie haben jede Gruppe gesehen.').waitFor()
    expect((await client.list('?search=one')).body.media).toHaveLength(1)
  })
})
