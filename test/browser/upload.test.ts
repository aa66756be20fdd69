import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cutShort, makeJpeg, makePng, makeSvg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { describePage, image, openPage } from './page.ts'

describePage('uploading', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  const jpeg = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/jpeg', buffer })
  const pick = async (page: Page, files: ReturnType<typeof jpeg>[]) => {
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await (await chooser).setFiles(files)
  }
  const queue = (page: Page) => page.getByRole('region', { name: 'Uploads' })

  it('takes what is picked, byte for byte, and names it from the file', async () => {
    const page = await openPage(server)
    await page.getByText('The library is empty.').waitFor()
    const picture = await makeJpeg({ seed: 1 })
    await pick(page, [
      jpeg('Picked.jpg', picture),
      jpeg('Picked, too.jpg', await makeJpeg({ seed: 2 })),
    ])
    await image(page, 'Picked').waitFor()
    await image(page, 'Picked, too').waitFor()
    await page.getByText('2 images', { exact: true }).waitFor()
    const { media } = (await client.list()).body
    const item = media.find(({ name }) => name === 'Picked')
    expect((await client.get(`/media/original/${item?.id}`)).bytes).toEqual(picture)
  })

  it('takes what is dropped anywhere on the page', async () => {
    const page = await openPage(server)
    const files = [
      { name: '落とした.png', mimeType: 'image/png', buffer: await makePng({ seed: 3 }) },
      jpeg('Dropped.jpg', await makeJpeg({ seed: 4 })),
    ]
    await page.getByRole('button', { name: 'Upload', exact: true }).waitFor()
    await page.getByRole('main').drop({ files })
    await image(page, '落とした').waitFor()
    await image(page, 'Dropped').waitFor()
  })

  it('says in the words of the server why a file is refused', async () => {
    const page = await openPage(server)
    const svg = { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: makeSvg() }
    await pick(page, [svg, jpeg('torn.jpg', cutShort(await makeJpeg({ seed: 5 })))])
    await queue(page).getByText('The file is of the type image/svg+xml;').waitFor()
    await queue(page).getByText('is damaged or cut short').waitFor()
    expect(await image(page, 'torn').count()).toBe(0)
  })

  it('says that the library has these bytes already', async () => {
    const page = await openPage(server)
    const picture = await makeJpeg({ seed: 6 })
    await client.add('Known', [], picture)
    await pick(page, [jpeg('known-again.jpg', picture)])
    await queue(page).getByText('The library already holds this file.').waitFor()
  })
})
