import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import {
  describePage,
  expectQuery,
  image,
  itemPanel,
  openItem,
  openPage,
  PATIENCE,
} from './page.ts'

describePage('changing an image', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  const add = async (name: string, seed: number) =>
    (await client.add(name, ['one'], await makeJpeg({ seed }))).body.media
  const stored = async (id: number) =>
    (await client.list()).body.media.find((item) => item.id === id)
  const nameOf = (page: Page) => itemPanel(page).getByLabel('Name', { exact: true })
  const tagsOf = (page: Page) => itemPanel(page).getByLabel('Tags', { exact: true })
  const save = (page: Page) => itemPanel(page).getByRole('button', { name: 'Save' })
  const question = (page: Page) => page.getByRole('dialog', { name: 'You have unsaved changes.' })
  /** Holds back all changes from the server. @returns a function that releases them */
  const holdChanges = async (page: Page) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    await page.route('**/media/item/*', async (route) => {
      if (route.request().method() === 'PATCH') await promise
      await route.continue()
    })
    return resolve
  }

  it('saves another name and other tags', async () => {
    const { id } = await add('Renamed', 1)
    const page = await openPage(server)
    await openItem(page, 'Renamed')
    await nameOf(page).fill('  Rügen im Winter ')
    await tagsOf(page).pressSequentially('sea,snow')
    // The text “snow” is not a tag yet.
    await nameOf(page).press('Enter')
    await page.getByText('Saved', { exact: true }).waitFor()
    await save(page).waitFor({ state: 'detached' })
    expect(await nameOf(page).inputValue()).toBe('Rügen im Winter')
    expect(await stored(id)).toMatchObject({
      name: 'Rügen im Winter',
      tags: ['one', 'sea', 'snow'],
    })
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    await image(page, 'Rügen im Winter').waitFor()
  })

  it('completes tags from those in use, and accepts a list separated by commas', async () => {
    await client.add('Tagged', ['harbour', 'harvest'], await makeJpeg({ seed: 2 }))
    const { id } = await add('To be tagged', 3)
    const page = await openPage(server, { permissions: ['clipboard-read', 'clipboard-write'] })
    await openItem(page, 'To be tagged')
    await tagsOf(page).pressSequentially('harb')
    await page.getByRole('option', { name: 'harbour' }).click()
    await page.evaluate(`navigator.clipboard.writeText('red, green ,blue')`)
    await tagsOf(page).press('Control+V')
    await save(page).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    expect((await stored(id))?.tags).toEqual(['one', 'harbour', 'red', 'green', 'blue'])
  })

  it('is shown everywhere before the server has answered', async () => {
    const { id } = await add('Early', 4)
    const page = await openPage(server)
    await openItem(page, 'Early')
    const release = await holdChanges(page)
    await nameOf(page).fill('Earlier')
    await nameOf(page).press('Enter')
    await image(page, 'Earlier').waitFor()
    await itemPanel(page).getByRole('heading', { name: 'Earlier' }).waitFor()
    expect(await stored(id)).toMatchObject({ name: 'Early' })
    release()
    await page.getByText('Saved', { exact: true }).waitFor()
    expect(await stored(id)).toMatchObject({ name: 'Earlier' })
  })

  it('is undone when the server refuses it, with the reason of the server and the input kept', async () => {
    const { id } = await add('Refused', 5)
    const page = await openPage(server)
    await openItem(page, 'Refused')
    const release = await holdChanges(page)
    const long = 'n'.repeat(256)
    await nameOf(page).fill(long)
    await save(page).click()
    await image(page, long).waitFor()
    release()
    await image(page, 'Refused').waitFor()
    const { body } = await client.request('PATCH', `/media/item/${id}`, { json: { name: long } })
    await itemPanel(page).getByText(body.detail).waitFor()
    expect(await nameOf(page).inputValue()).toBe(long)
    expect(await stored(id)).toMatchObject({ name: 'Refused' })
  })

  it('is reported and kept when it is refused after the image was closed', async () => {
    const { id } = await add('Left', 6)
    const page = await openPage(server)
    await openItem(page, 'Left')
    const release = Promise.withResolvers<void>()
    await page.route('**/media/item/*', async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue()
      await release.promise
      await route.abort()
    })
    await nameOf(page).fill('Left early')
    const sent = page.waitForRequest((request) => request.method() === 'PATCH')
    await nameOf(page).press('Enter')
    await sent
    // Escape before this would ask about unsaved changes.
    await save(page).and(page.locator('[data-loading]')).waitFor()
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    release.resolve()
    const notice = page.getByRole('alert').filter({ hasText: 'Your changes to “Left”' })
    await notice.waitFor()
    await image(page, 'Left').waitFor()
    await page.unroute('**/media/item/*')
    await notice.getByRole('button', { name: 'Show' }).click()
    await expect.poll(() => nameOf(page).inputValue(), PATIENCE).toBe('Left early')
    await save(page).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    expect(await stored(id)).toMatchObject({ name: 'Left early' })
  })

  it('asks before unsaved changes are left: by closing, by moving on or by the browser', async () => {
    await add('Next', 7)
    const { id } = await add('Unsaved', 8)
    const page = await openPage(server)
    await openItem(page, 'Unsaved')
    await nameOf(page).press('End')
    await nameOf(page).pressSequentially('!')
    const leaving = [
      () => itemPanel(page).getByRole('button', { name: 'Close', exact: true }).click(),
      () => page.keyboard.press('Escape'),
      () => itemPanel(page).getByRole('button', { name: 'Next image' }).click(),
      () => page.goBack(),
    ]
    for (const leave of leaving) {
      await leave()
      await question(page).getByRole('button', { name: 'Keep editing' }).click()
      await question(page).waitFor({ state: 'detached' })
      expect(await nameOf(page).inputValue()).toBe('Unsaved!')
      await expectQuery(page, 'open', String(id))
    }
    const asked = page.waitForEvent('dialog')
    await page.close({ runBeforeUnload: true })
    expect((await asked).type()).toBe('beforeunload')
    await (await asked).dismiss()

    await page.goBack()
    await question(page).getByRole('button', { name: 'Discard changes' }).click()
    await itemPanel(page).waitFor({ state: 'detached' })
    await expectQuery(page, 'open', null)
    await openItem(page, 'Unsaved')
    expect(await nameOf(page).inputValue()).toBe('Unsaved')
    expect(await stored(id)).toMatchObject({ name: 'Unsaved' })
  })

  it('is not lost by a key pressed right after typing, even on a slow machine', async () => {
    await add('Before', 20)
    const { id } = await add('Typed fast', 21)
    await add('Afterwards', 22)
    const page = await openPage(server)
    await openItem(page, 'Typed fast')
    const session = await page.context().newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: 8 })
    /** Sends all keys at once, as a fast typist does: nothing waits between the letter and the key. */
    const pressAtOnce = (...keys: string[]) =>
      Promise.all(
        keys.flatMap((key) => {
          const isLetter = key.length === 1
          const code = { Escape: 27, Tab: 9 }[key] ?? 0
          const press = { key, windowsVirtualKeyCode: code, ...(isLetter && { text: key }) }
          return [
            session.send('Input.dispatchKeyEvent', { type: 'keyDown', ...press }),
            session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...press }),
          ]
        }),
      )
    await nameOf(page).focus()
    await pressAtOnce('x', 'Escape')
    await question(page).getByRole('button', { name: 'Keep editing' }).click()
    await question(page).waitFor({ state: 'detached' })
    await expectQuery(page, 'open', String(id))
    await itemPanel(page).getByRole('button', { name: 'Discard changes' }).click()
    // The same for every button that leaves the image, clicked in the same task as the input.
    const ways = [
      [nameOf(page), 'Next image'],
      [nameOf(page), 'Previous image'],
      [tagsOf(page), 'Close'],
    ] as const
    for (const [field, way] of ways) {
      await field.focus()
      await page.evaluate(`(() => {
        const button = document.querySelector('[role=dialog] button[aria-label="${way}"]')
        document.execCommand('insertText', false, 'y')
        button.click()
      })()`)
      await question(page).getByRole('button', { name: 'Keep editing' }).click()
      await question(page).waitFor({ state: 'detached' })
      // The typed text has become a tag by now.
      if (way === 'Close') await itemPanel(page).getByText('y', { exact: true }).waitFor()
      else expect(await field.inputValue(), way).toContain('y')
      await expectQuery(page, 'open', String(id))
      await itemPanel(page).getByRole('button', { name: 'Discard changes' }).click()
    }
  })

  it('is not lost by a cancelled deletion, nor by signing out', async () => {
    await add('Half done', 23)
    const page = await openPage(server)
    await openItem(page, 'Half done')
    await nameOf(page).fill('Half')
    await itemPanel(page).getByRole('button', { name: 'Delete' }).click()
    await question(page).getByRole('button', { name: 'Keep editing' }).click()
    await question(page).waitFor({ state: 'detached' })
    expect(await nameOf(page).inputValue()).toBe('Half')

    const release = await holdChanges(page)
    await nameOf(page).press('ControlOrMeta+s')
    await itemPanel(page).getByRole('heading', { name: 'Half', exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await itemPanel(page).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'admin', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('dialog', { name: 'Sign out anyway?' }).waitFor()
    release()
  })

  it('keeps the input for an image that another user has deleted meanwhile', async () => {
    const { id } = await add('Vanishing', 9)
    const page = await openPage(server)
    await openItem(page, 'Vanishing')
    await nameOf(page).fill('A long and careful description')
    await client.delete(`/media/delete/${id}`)
    await save(page).click()
    await itemPanel(page).getByText('You can still copy what you typed.').waitFor()
    expect(await nameOf(page).inputValue()).toBe('A long and careful description')
    await itemPanel(page).getByRole('button', { name: 'Discard changes' }).click()
    await page.getByRole('heading', { name: 'This image is no longer in the library.' }).waitFor()
  })

  it('saves texts and a rating, and shows the alternative text as that of the image', async () => {
    const { id } = await add('Described', 40)
    const page = await openPage(server)
    const panel = await openItem(page, 'Described')
    await panel.getByLabel('Alternative text').fill('A lit tower')
    await panel.getByLabel('Description').fill('Two\nlines')
    await panel.getByLabel('Credit').fill('Ada')
    await panel.getByRole('radio', { name: '4 stars' }).press('Space')
    await save(page).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    await panel.getByRole('img', { name: 'A lit tower' }).waitFor()
    const texts = { alt: 'A lit tower', description: 'Two\nlines', credit: 'Ada', rating: 4 }
    expect(await stored(id)).toMatchObject({ ...texts, name: 'Described', tags: ['one'] })

    await panel.getByLabel('Decorative').check()
    await panel.getByLabel('Credit').fill('')
    await save(page).click()
    await expect.poll(async () => (await stored(id))?.alt, PATIENCE).toBe('')
    expect(await stored(id)).toMatchObject({ alt: '', credit: null, rating: 4 })
    await panel.getByLabel('Decorative').uncheck()
    await save(page).click()
    await expect.poll(async () => (await stored(id))?.alt, PATIENCE).toBe(null)
  })

  it('does not overwrite what someone else has saved meanwhile, and keeps the input', async () => {
    const { id } = await add('Contested', 41)
    const page = await openPage(server)
    const panel = await openItem(page, 'Contested')
    await panel.getByLabel('Credit').fill('Mine')
    const theirs = { credit: 'Theirs', source: 'Elsewhere' }
    await client.request('PATCH', `/media/item/${id}`, { json: theirs })
    await save(page).click()
    await panel.getByText('Someone has changed this image').waitFor()
    expect(await stored(id)).toMatchObject(theirs)
    expect(await panel.getByLabel('Credit').inputValue()).toBe('Mine')

    await panel.getByRole('button', { name: 'Load current version' }).click()
    await panel.getByText('Someone has changed this image').waitFor({ state: 'detached' })
    expect(await panel.getByLabel('Source').inputValue()).toBe('Elsewhere')
    expect(await panel.getByLabel('Credit').inputValue()).toBe('Mine')
    await save(page).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    expect(await stored(id)).toMatchObject({ credit: 'Mine', source: 'Elsewhere' })
  })

  it('puts an image into collections and takes it out, and makes a new one by its name', async () => {
    const { body } = await client.post('/collections', { name: 'Journeys' })
    const parent = Reflect.get(body, 'collection').id
    await client.post('/collections', { name: 'Japan', parent })
    const { id } = await add('Collected', 50)
    const page = await openPage(server)
    const panel = await openItem(page, 'Collected')
    const field = panel.getByRole('combobox', { name: 'Collections' })
    await field.fill('japan')
    await page.getByRole('option', { name: 'Journeys / Japan' }).click()
    await field.fill('Website')
    await page.getByRole('option', { name: 'Create “Website”' }).waitFor()
    await field.press('Enter')
    await panel.getByText('Website', { exact: true }).waitFor()
    await save(page).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    const answer = await client.request<{ collections: { id: number; name: string }[] }>(
      'GET',
      '/collections',
    )
    const idOf = (name: string) => answer.body.collections.find((one) => one.name === name)?.id
    expect((await stored(id))?.collections).toEqual([idOf('Japan'), idOf('Website')])

    await field.press('Backspace')
    await save(page).click()
    await expect
      .poll(async () => (await stored(id))?.collections, PATIENCE)
      .toEqual([idOf('Japan')])
  })
})
