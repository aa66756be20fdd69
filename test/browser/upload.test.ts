import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { cutShort, makeHtml, makeJpeg, makePng } from '../fixtures.ts'
import { type Client, makeDataFolder, type Server, signIn, startServer } from '../harness.ts'
import { describePage, image, itemPanel, openItem, openPage, PATIENCE, signInForm } from './page.ts'
import { dropFromDisk, jpeg, pick, queue, row, uploadAtOnce, uploadButton } from './upload-steps.ts'

describePage('uploading', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer({ VITRINE_FETCH_ALLOW: 'localhost' })
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  const find = async (name: string) => (await client.list(`?search=${name}&limit=9`)).body.media

  /** A file above the size from which the page sends it in parts. */
  async function makeLarge() {
    const raw = { width: 2400, height: 2400, channels: 3 } as const
    const path = join(makeDataFolder(), 'Large.png')
    const image = sharp(randomBytes(2400 * 2400 * 3), { raw }).png({ compressionLevel: 0 })
    return { path, size: (await image.toFile(path)).size }
  }

  it('adds picked files byte for byte, and names them after the files', async () => {
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
    const item = (await find('Picked')).find(({ name }) => name === 'Picked')
    expect((await client.get(`/media/original/${item?.id}`)).bytes).toEqual(picture)
  })

  it('adds the images of files and whole folders that are dropped together', async () => {
    const folder = makeDataFolder()
    const holiday = join(folder, 'Holiday')
    mkdirSync(join(holiday, 'Second day'), { recursive: true })
    writeFileSync(join(folder, '落とした.png'), await makePng({ seed: 3 }))
    writeFileSync(join(holiday, 'Beach.jpg'), await makeJpeg({ seed: 4 }))
    writeFileSync(join(holiday, 'Second day', 'Mountain.jpg'), await makeJpeg({ seed: 5 }))
    writeFileSync(join(holiday, 'notes.txt'), 'Sunny.')
    writeFileSync(join(holiday, '.hidden.jpg'), '')

    const page = await openPage(server)
    await uploadButton(page).waitFor()
    await dropFromDisk(page, [join(folder, '落とした.png'), holiday])
    for (const name of ['落とした', 'Beach', 'Mountain']) await image(page, name).waitFor()
    await page.getByText('2 files were skipped. Only readable images are added.').waitFor()
    expect(await queue(page).getByRole('listitem').count()).toBe(3)
    const tagsOf = async (name: string) => (await find(name))[0]?.tags
    expect(await tagsOf('Beach')).toEqual(['Holiday'])
    expect(await tagsOf('Mountain')).toEqual(['Holiday', 'Second day'])
    expect(await tagsOf('落とした')).toEqual([])
  })

  it('adds files that are dropped over an open image, and says so', async () => {
    const page = await openPage(server)
    await openItem(page, 'Beach')
    const files = [jpeg('Dropped over.jpg', await makeJpeg({ seed: 6 }))]
    await itemPanel(page).drop({ files })
    await page.getByText('1 file was added to the upload list.').waitFor()
    await image(page, 'Dropped over').waitFor()
  })

  it('adds an image from the clipboard, and names it after the time', async () => {
    const page = await openPage(server, { permissions: ['clipboard-read', 'clipboard-write'] })
    await uploadButton(page).waitFor()
    const png = (await makePng({ seed: 7 })).toString('base64')
    // Passed as a string: its types exist only in a browser.
    await page.evaluate(`(() => {
      const bytes = Uint8Array.from(atob('${png}'), (letter) => letter.charCodeAt(0))
      const blob = new Blob([bytes], { type: 'image/png' })
      return navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })])
    })()`)
    await page.keyboard.press('Control+V')
    await row(page, 'Pasted').getByText('Added', { exact: true }).waitFor()
    expect((await find('Pasted'))[0]?.name).toMatch(/^Pasted .*\d\d:\d\d/)
  })

  it('adds an image whose link is pasted, and says why it cannot', async () => {
    const picture = await makePng({ seed: 77 })
    const source = createServer((_, response) => response.end(picture)).listen(0, '127.0.0.1')
    await once(source, 'listening')
    onTestFinished(() => void source.close())
    const { port } = source.address() as AddressInfo
    const page = await openPage(server)
    await uploadButton(page).waitFor()
    const paste = (text: string) =>
      page.evaluate(`(() => {
        const clipboardData = new DataTransfer()
        clipboardData.setData('text/plain', ${JSON.stringify(text)})
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
      })()`)
    await paste('Some words, and no link')
    await paste(`http://localhost:${port}/From%20afar.png http://127.0.0.1:${port}/Inside.png`)
    await row(page, 'From afar').getByText('Added', { exact: true }).waitFor()
    await row(page, 'Inside').getByText('127.0.0.1 cannot be fetched').waitFor()
    expect(await queue(page).getByRole('listitem').count()).toBe(2)
    expect((await find('From afar'))[0]).toMatchObject({
      fileName: 'From afar.png',
      source: `http://localhost:${port}/From%20afar.png`,
    })
  })

  it('goes on with a large file after a reload of the page, without asking for it', async () => {
    const { path, size } = await makeLarge()
    const page = await openPage(server)
    page.on('dialog', (dialog) => void dialog.accept())
    const begun: string[] = []
    const held = Promise.withResolvers<void>()
    let isHeld = true
    await page.route('**/media/uploads**', (route) => {
      const method = route.request().method()
      if (method === 'POST') begun.push(method)
      if (method === 'PATCH' && isHeld) return held.resolve()
      return route.continue()
    })
    await uploadButton(page).waitFor()
    await dropFromDisk(page, [path])
    await held.promise
    isHeld = false
    await page.reload()
    await row(page, 'Large').getByText('Added', { exact: true }).waitFor({ timeout: 30_000 })
    expect(begun).toEqual(['POST'])
    const [item] = await find('Large')
    expect(item).toMatchObject({ name: 'Large', fileName: 'Large.png', size })
    // Nothing is left to go on with.
    await page.reload()
    await image(page, 'Large').waitFor()
    expect(await queue(page).count()).toBe(0)
  })

  it('waits for names and tags on request, and completes tags from those in use', async () => {
    await client.add('Tagged', ['harbour'], await makeJpeg({ seed: 8 }))
    const page = await openPage(server)
    await pick(page, [jpeg('Batch one.jpg', await makeJpeg({ seed: 9 }))])
    await row(page, 'Batch one').getByText('Added', { exact: true }).waitFor()
    await uploadAtOnce(page, false)
    await pick(page, [
      jpeg('Batch two.jpg', await makeJpeg({ seed: 10 })),
      jpeg('Batch three.jpg', await makeJpeg({ seed: 11 })),
    ])
    const name = queue(page).getByRole('textbox', { name: 'Name: Batch two.jpg' })
    await name.fill('Batch 2')
    await name.press('Enter')
    const tags = queue(page).getByRole('combobox', { name: 'Tags for all new uploads' })
    await tags.fill('harb')
    await page.getByRole('option', { name: 'harbour' }).click()
    await tags.pressSequentially('new, boats')
    await queue(page).getByRole('button', { name: 'Start 2 uploads' }).click()
    await queue(page).getByText('3 of 3 uploaded.').first().waitFor()
    // The file that was already uploaded gets the tags too.
    await expect.poll(async () => (await find('boats')).length, PATIENCE).toBe(3)
    const tagged = (await find('Batch')).map(({ name, tags }) => ({ name, tags }))
    expect(tagged).toEqual(
      expect.arrayContaining([
        { name: 'Batch one', tags: ['harbour', 'new', 'boats'] },
        { name: 'Batch 2', tags: ['harbour', 'new', 'boats'] },
        { name: 'Batch three', tags: ['harbour', 'new', 'boats'] },
      ]),
    )
    expect(tagged).toHaveLength(3)
  })

  it('opens the new image from the queue, where its name can be changed', async () => {
    const page = await openPage(server)
    await pick(page, [jpeg('Nmae.jpg', await makeJpeg({ seed: 12 }))])
    await row(page, 'Nmae').getByRole('button', { name: 'Open' }).click()
    const name = itemPanel(page).getByLabel('Name', { exact: true })
    await name.fill('Name put right')
    await name.press('Enter')
    await page.getByText('Saved', { exact: true }).waitFor()
    await expect.poll(async () => (await find('right')).length, PATIENCE).toBe(1)
  })

  it('shows the reason that the server gives for a refused file', async () => {
    const page = await openPage(server)
    const html = { name: 'page.html', mimeType: 'text/html', buffer: makeHtml() }
    await pick(page, [
      html,
      jpeg('torn.jpg', cutShort(await makeJpeg({ seed: 13 }))),
      jpeg('nothing.jpg', Buffer.alloc(0)),
    ])
    await row(page, 'page').getByText('The file is an HTML page (text/html);').waitFor()
    await row(page, 'torn').getByText('is damaged or cut short').waitFor()
    await row(page, 'nothing').getByText('The file is empty.').waitFor()
    // No retry is offered: these files would fail again.
    expect(await queue(page).getByRole('button', { name: 'Retry' }).count()).toBe(0)
    await row(page, 'torn').getByRole('button', { name: 'Dismiss' }).click()
    await row(page, 'torn').waitFor({ state: 'detached' })
    await queue(page).getByRole('button', { name: 'Clear finished' }).click()
    await queue(page).waitFor({ state: 'detached' })
    expect(await image(page, 'torn').count()).toBe(0)
  })

  it('lists failed uploads first, and collapses when all uploads succeeded', async () => {
    const page = await openPage(server)
    await page.clock.install()
    const picture = jpeg('Fine.jpg', await makeJpeg({ seed: 15 }))
    await pick(page, [picture, jpeg('empty.jpg', Buffer.alloc(0))])
    await row(page, 'Fine').getByText('Added', { exact: true }).waitFor()
    const names = await queue(page)
      .getByRole('listitem')
      .evaluateAll((rows) =>
        rows
          .toSorted((a, b) => Number(a.ariaPosInSet) - Number(b.ariaPosInSet))
          .map((one) => one.textContent),
      )
    expect(names[0]).toContain('The file is empty.')
    await page.clock.runFor(20_000)
    expect(await queue(page).getByRole('listitem').count()).toBe(2)
    await row(page, 'empty').getByRole('button', { name: 'Dismiss' }).click()
    await page.mouse.move(5, 300)
    await page.getByRole('searchbox').focus()
    await page.clock.runFor(11_000)
    await queue(page).getByRole('listitem').first().waitFor({ state: 'detached' })
    await queue(page).getByText('1 of 1 uploaded.').first().waitFor()
    await queue(page).getByRole('button', { name: 'Expand' }).click()
    await row(page, 'Fine').waitFor()
  })

  it('says that the file was already in the library, and links to it', async () => {
    const page = await openPage(server)
    const picture = await makeJpeg({ seed: 14 })
    await client.add('Known', [], picture)
    await pick(page, [jpeg('known-again.jpg', picture)])
    await queue(page).getByText('This file was already in the library.').waitFor()
    await queue(page).getByRole('button', { name: 'Show the earlier image' }).click()
    const name = itemPanel(page).getByLabel('Name', { exact: true })
    await name.waitFor()
    expect(await name.inputValue()).toBe('Known')
  })

  // The last one, because it ends the session that the others share.
  it('leaves no large file in the browser to its next user', async () => {
    const { path } = await makeLarge()
    const page = await openPage(server)
    await page.route('**/media/uploads**', () => {})
    await uploadButton(page).waitFor()
    await dropFromDisk(page, [path])
    const countKept = () =>
      page.evaluate<number>(`(async () => {
        // To open it first would make it without its store.
        const all = await indexedDB.databases()
        if (!all.some(({ name }) => name === 'vitrine-uploads')) return -1
        const opening = indexedDB.open('vitrine-uploads')
        await new Promise((resolve) => (opening.onsuccess = resolve))
        const database = opening.result
        const counting = database.transaction('files').objectStore('files').count()
        await new Promise((resolve) => (counting.onsuccess = resolve))
        database.close()
        return counting.result
      })()`)
    await row(page, 'Large').waitFor()
    await expect.poll(countKept, PATIENCE).toBe(1)
    await page.getByRole('button', { name: 'admin', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    const question = page.getByRole('dialog', { name: 'Sign out anyway?' })
    await question.getByRole('button', { name: 'Sign out' }).click()
    await signInForm(page).form.waitFor()
    expect(await countKept()).toBe(0)
  })
})
