import type { Page, Request } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { fillLibrary } from '../fill-library.ts'
import {
  ADMIN_PASSWORD,
  type Client,
  makeDataFolder,
  type Server,
  signIn,
  startServer,
} from '../harness.ts'
import { describePage, expectFocus, image, openPage, signInForm } from './page.ts'
import { expectSelected, opener, removeSelected, retag, select } from './select-steps.ts'

const FULL = Array.from({ length: 64 }, (_, index) => `t${index}`)

describePage('a change of many images', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(data, [
      { name: 'Full', tags: FULL },
      ...Array.from({ length: 300 }, (_, index) => ({ name: `Photo ${index + 1}` })),
    ])
    server = await startServer({ VITRINE_TRASH_DAYS: '0' }, data)
    client = await signIn(server)
    return () => server.stop()
  })

  const countMatches = async (search: string) =>
    Number((await client.list(`?search=${search}&limit=1`)).headers.get('x-total-count'))
  const open = async (search: string) => {
    const page = await openPage(server, { query: `?search=${encodeURIComponent(search)}` })
    await page.getByRole('gridcell').first().waitFor()
    return page
  }
  const bodiesOf = (page: Page, path: string) => {
    const bodies: unknown[] = []
    page.on('request', (request: Request) => {
      if (request.url().endsWith(path)) bodies.push(request.postDataJSON())
    })
    return bodies
  }

  it('adds tags to the selected images, and removes tags again', async () => {
    const page = await open('photo 1')
    await select(page, 'Photo 199', 'Photo 198')
    await retag(page, 'Add tags', 'harbour, dawn')
    await page.getByText('The tags of 2 images were changed.').waitFor()
    expect(await countMatches('harbour')).toBe(2)
    await expectSelected(page, 2)
    await retag(page, 'Remove tags', 'harbour')
    await expect.poll(() => countMatches('harbour')).toBe(0)
    expect(await countMatches('dawn')).toBe(2)
  })

  it('of all but a few is one request, shows its progress and names the failures', async () => {
    const page = await open('')
    const bodies = bodiesOf(page, '/media/bulk/tags')
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route('**/media/bulk/tags', async (route) => {
      await held
      await route.continue()
    })
    await opener(page, 'Photo 300').focus()
    await page.keyboard.press('ControlOrMeta+a')
    await expectSelected(page, 301)
    await select(page, 'Photo 300', 'Photo 299')
    await expectSelected(page, 299)
    await retag(page, 'Add tags', 'everywhere')
    await page.getByText('Changing tags: 0 of 299').waitFor()
    await page.getByRole('progressbar', { name: 'Changing tags' }).waitFor({ state: 'attached' })
    release()
    await page.getByText('The tags of 298 images were changed.').waitFor()
    await page.getByText('1 image failed.').waitFor()
    expect(bodies).toEqual([
      { search: '', until: 301, except: [301, 300], add: ['everywhere'], remove: [] },
    ])
    expect(await countMatches('everywhere')).toBe(298)

    await page.getByRole('button', { name: 'Details' }).click()
    // The image was never on the screen: its name comes from the server.
    const row = page.getByRole('dialog').getByRole('row', { name: 'Full' })
    await row.getByText('Item 1 would have more tags than the 64 that are allowed.').waitFor()
  })

  it('continues after the user has signed in again', async () => {
    const page = await open('photo 2')
    await select(page, 'Photo 299', 'Photo 298')
    await page.route(
      '**/media/bulk/tags',
      async (route) => {
        await page.context().clearCookies()
        await route.fulfill({ status: 401, json: { data: 'Unauthorized', code: 401 } })
      },
      { times: 1 },
    )
    await retag(page, 'Add tags', 'later')
    const { form, username, password, submit } = signInForm(page)
    await form.waitFor()
    await username.fill('admin')
    await password.fill(ADMIN_PASSWORD)
    await submit.click()
    await page.getByText('The tags of 2 images were changed.').waitFor()
    expect(await countMatches('later')).toBe(2)
  })

  it('can be tried again if the server could not be reached', async () => {
    const page = await open('photo 2')
    await select(page, 'Photo 297', 'Photo 296')
    await page.route('**/media/bulk/tags', (route) => route.abort())
    await retag(page, 'Add tags', 'again')
    await page.getByText('Remaining: 2 images.').waitFor()
    await page.unroute('**/media/bulk/tags')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('The tags of 2 images were changed.').waitFor()
    expect(await countMatches('again')).toBe(2)
  })

  it('deletes nothing during the time to undo, and nothing at all when undone', async () => {
    const page = await open('photo 1')
    await page.clock.install()
    const bodies = bodiesOf(page, '/media/bulk/delete')
    await select(page, 'Photo 199', 'Photo 198', 'Photo 197')
    await removeSelected(page)
    await page.getByText('3 images are about to be deleted.').waitFor()
    await page.getByText('Being deleted').nth(2).waitFor()
    const undo = page.getByRole('button', { name: 'Undo' })
    await page.clock.runFor(5000)
    await expectFocus(undo)
    await page.keyboard.press('Enter')
    await undo.waitFor({ state: 'detached' })
    // The selection is restored.
    await expectSelected(page, 3)
    await page.clock.runFor(10_000)
    expect(await page.getByText('Being deleted').count()).toBe(0)
    expect(bodies).toEqual([])
    expect(await countMatches('photo')).toBe(300)
  })

  it('deletes after eight seconds, started by the Delete key', async () => {
    const page = await open('photo 10')
    await page.clock.install()
    await select(page, 'Photo 109', 'Photo 108')
    await page.keyboard.press('Delete')
    const question = page.getByRole('dialog', { name: 'Delete 2 images?' })
    await question.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('2 images are about to be deleted.').waitFor()
    await page.clock.runFor(8500)
    await page.getByText('2 images were deleted.').waitFor()
    await image(page, 'Photo 109').waitFor({ state: 'detached' })
    expect(await countMatches('photo')).toBe(298)
    // No image is still marked after the notification has closed.
    expect(await page.getByText('Being deleted').count()).toBe(0)
  })

  it('asks before the page is left while a deletion is pending', async () => {
    const page = await open('photo 2')
    await select(page, 'Photo 295')
    await removeSelected(page)
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    const asked = page.waitForEvent('dialog')
    const left = page.goto('about:blank').catch(() => {})
    const dialog = await asked
    expect(dialog.type()).toBe('beforeunload')
    await dialog.dismiss()
    await left
    await page.getByRole('button', { name: 'Undo' }).click()
  })
})
