import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { describePage, expectFocus, image, openPage, PATIENCE } from './page.ts'
import {
  answerUploads,
  holdUploads,
  jpeg,
  pick,
  queue,
  row,
  uploadAtOnce,
  uploadButton,
} from './upload-steps.ts'

describePage('the upload queue', () => {
  let server: Server
  let client: Client
  let seed = 0
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  const pictures = (...names: string[]) =>
    Promise.all(names.map(async (name) => jpeg(`${name}.jpg`, await makeJpeg({ seed: ++seed }))))
  const namesOf = async (search: string) =>
    (await client.list(`?search=${search}`)).body.media.map(({ name }) => name).sort()

  it('sends three files at a time, and does not add cancelled ones', async () => {
    const page = await openPage(server)
    const uploads = await holdUploads(page)
    await pick(page, await pictures('Held 1', 'Held 2', 'Held 3', 'Held 4', 'Held 5', 'Held 6'))
    await expect.poll(uploads.count, PATIENCE).toBe(3)
    // Cancel one upload in progress and one that waits.
    const cancel = row(page, 'Held 2').getByRole('button')
    await cancel.click()
    await row(page, 'Held 2').getByText('Cancelled').waitFor()
    await expectFocus(cancel)
    await row(page, 'Held 5').getByRole('button', { name: 'Cancel' }).click()
    await row(page, 'Held 5').getByText('Cancelled').waitFor()
    await uploads.releaseAll()
    await queue(page).getByText('4 of 4 uploaded.').first().waitFor()
    expect(await namesOf('Held')).toEqual(['Held 1', 'Held 3', 'Held 4', 'Held 6'])
    await row(page, 'Held 2').getByRole('button', { name: 'Retry' }).click()
    await row(page, 'Held 2').getByText('Added', { exact: true }).waitFor()
  })

  it('never has more than three uploads in progress', async () => {
    const page = await openPage(server)
    const uploads = await holdUploads(page)
    const names = Array.from({ length: 7 }, (_, index) => `Line ${index}`)
    await pick(page, await pictures(...names))
    for (let sent = 0; sent < 5; sent++) {
      await expect.poll(uploads.count, PATIENCE).toBe(3 - Math.max(0, sent - 4))
      await uploads.releaseOne()
    }
    await uploads.releaseAll()
    await queue(page).getByText('7 of 7 uploaded.').first().waitFor()
    expect(uploads.most()).toBe(3)
  })

  it('cancels all at once', async () => {
    const page = await openPage(server)
    const uploads = await holdUploads(page)
    await pick(page, await pictures('Gone 1', 'Gone 2', 'Gone 3', 'Gone 4'))
    await expect.poll(uploads.count, PATIENCE).toBe(3)
    await queue(page).getByRole('button', { name: 'Cancel all' }).click()
    await expect.poll(() => queue(page).getByText('Cancelled').count(), PATIENCE).toBe(4)
    // The focused button has disappeared.
    await expectFocus(queue(page))
    await uploads.releaseAll()
    expect(await namesOf('Gone')).toEqual([])
    await queue(page).getByRole('button', { name: 'Close uploads' }).click()
    await expectFocus(uploadButton(page))
    expect(await queue(page).count()).toBe(0)
  })

  it('retries failed uploads, one or all', async () => {
    const page = await openPage(server)
    const detail = 'The disk is full.'
    const answer = { data: 'Error adding media', code: 500, detail }
    await answerUploads(page, (route) => route.fulfill({ status: 500, json: answer }))
    await pick(page, await pictures('Again 1', 'Again 2', 'Again 3'))
    await expect.poll(() => queue(page).getByText(detail).count(), PATIENCE).toBe(3)
    await queue(page).getByText('3 failed.').first().waitFor()
    await page.unroute('**/media/add')

    const retry = row(page, 'Again 2').getByRole('button')
    await retry.click()
    await row(page, 'Again 2').getByText('Added', { exact: true }).waitFor()
    await expectFocus(retry)
    expect(await queue(page).getByText(detail).count()).toBe(2)
    await queue(page).getByRole('button', { name: 'Retry all failed' }).click()
    await queue(page).getByText('3 of 3 uploaded.').first().waitFor()
    expect(await namesOf('Again')).toEqual(['Again 1', 'Again 2', 'Again 3'])
  })

  it('explains in its own words when a proxy refuses a file as too large', async () => {
    const page = await openPage(server)
    const html = { status: 413, contentType: 'text/html', body: '<h1>413</h1>' }
    await answerUploads(page, (route) => route.fulfill(html))
    await pick(page, await pictures('Large'))
    await row(page, 'Large').getByText('The file is too large for the server').waitFor()
  })

  it('asks before the page is left while an upload is in progress, and only then', async () => {
    const page = await openPage(server)
    const uploads = await holdUploads(page)
    await pick(page, await pictures('Leaving'))
    await expect.poll(uploads.count, PATIENCE).toBe(1)
    const question = page.waitForEvent('dialog')
    await page.close({ runBeforeUnload: true })
    expect((await question).type()).toBe('beforeunload')
    await (await question).dismiss()
    await uploads.releaseAll()
    await image(page, 'Leaving').waitFor()
    await page.close({ runBeforeUnload: true })
    await expect.poll(() => page.isClosed(), PATIENCE).toBe(true)
  })

  it('renders only a few of many rows, and keeps the row with the focus', async () => {
    const page = await openPage(server)
    await pick(page, [jpeg('First.jpg', Buffer.alloc(0))])
    await row(page, 'First').getByText('The file is empty.').waitFor()
    await uploadAtOnce(page, false)
    const one = (await pictures('Many'))[0]?.buffer ?? Buffer.alloc(0)
    const files = Array.from({ length: 60 }, (_, index) => jpeg(`Many ${index}.jpg`, one))
    await pick(page, files)
    const name = queue(page).getByRole('textbox', { name: 'Name: Many 2.jpg' })
    await name.fill('Many and more')
    const list = queue(page).getByRole('list')
    await list.evaluate((element) => element.parentElement?.scrollTo(0, element.clientHeight))
    await row(page, 'Many 59').waitFor()
    expect(await queue(page).getByRole('listitem').count()).toBeLessThan(25)
    await page.keyboard.type('!')
    expect(await name.inputValue()).toBe('Many and more!')
    await queue(page).getByRole('button', { name: 'Cancel all' }).click()
  })
})
