import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeJpeg } from '../fixtures.ts'
import {
  ADMIN_PASSWORD,
  type Client,
  makeDataFolder,
  runCli,
  type Server,
  signIn,
  startServer,
} from '../harness.ts'
import { describePage, expectFocus, image, openPage, PATIENCE, signInForm } from './page.ts'
import {
  answerUploads,
  dropFromDisk,
  holdUploads,
  jpeg,
  pick,
  queue,
  row,
  uploadButton,
} from './upload-steps.ts'

const PASSWORD = 'a good password'

describePage('an upload', () => {
  let server: Server
  let apiOnly: Server
  let client: Client
  let file: string
  let seed = 0
  beforeAll(async () => {
    const data = makeDataFolder()
    server = await startServer({}, data)
    apiOnly = await startServer({ VITRINE_FILE_SERVICE: 'false' }, data)
    client = await signIn(server)
    await client.add('Seen', [], await makeJpeg())
    const args = ['user', 'add', 'visitor', '--role', 'viewer', '--password-stdin']
    await runCli(data, args, { input: `${PASSWORD}\n` })
    file = join(makeDataFolder(), 'file.jpg')
    writeFileSync(file, await makeJpeg({ seed: 99 }))
  })
  afterAll(() => Promise.all([server.stop(), apiOnly.stop()]))

  const pictures = (...names: string[]) =>
    Promise.all(
      names.map(async (name) => jpeg(`${name}.jpg`, await makeJpeg({ seed: ++seed + 1 }))),
    )
  const namesOf = async (search: string) =>
    (await client.list(`?search=${search}`)).body.media.map(({ name }) => name).sort()
  /** Without a handler, the browser would replace the page by the dropped file. */
  const expectRefusedDrop = async (page: Page, reason: string) => {
    const address = page.url()
    await dropFromDisk(page, [file])
    await page.getByRole('alert').getByText(reason).waitFor()
    expect(page.url()).toBe(address)
    expect(await queue(page).count()).toBe(0)
  }

  it('waits while the browser is offline, and continues by itself', async () => {
    const page = await openPage(server)
    await uploadButton(page).waitFor()
    await page.context().setOffline(true)
    await pick(page, await pictures('Away 1', 'Away 2'))
    await queue(page).getByText('You are offline.').waitFor()
    await page.context().setOffline(false)
    await queue(page).getByText('2 of 2 uploaded.').first().waitFor()
    expect(await namesOf('Away')).toEqual(['Away 1', 'Away 2'])
  })

  it('is sent again after its connection broke', async () => {
    const page = await openPage(server)
    let breaks = 2
    await answerUploads(page, (route) =>
      breaks-- > 0 ? route.abort('connectionreset') : route.continue(),
    )
    await pick(page, await pictures('Broken 1', 'Broken 2'))
    await queue(page).getByText('The server cannot be reached.').waitFor()
    await queue(page).getByRole('button', { name: 'Try again' }).click()
    await queue(page).getByText('2 of 2 uploaded.').first().waitFor()
    expect(await namesOf('Broken')).toEqual(['Broken 1', 'Broken 2'])
  })

  it('waits as long as a busy server asks for', async () => {
    const page = await openPage(server)
    let isBusy = true
    await answerUploads(page, (route) => {
      if (!isBusy) return route.continue()
      isBusy = false
      const answer = { data: 'Service busy', code: 503 }
      return route.fulfill({ status: 503, headers: { 'retry-after': '60' }, json: answer })
    })
    await pick(page, await pictures('Patient'))
    await queue(page).getByText('The server is busy.').waitFor()
    await queue(page).getByRole('button', { name: 'Try again' }).click()
    await row(page, 'Patient').getByText('Added', { exact: true }).waitFor()
  })

  it('continues after a new sign-in when the session ends in the middle', async () => {
    const page = await openPage(server)
    const uploads = await holdUploads(page)
    await pick(page, await pictures('Signed 1', 'Signed 2', 'Signed 3', 'Signed 4', 'Signed 5'))
    await expect.poll(uploads.count, PATIENCE).toBe(3)
    await uploads.releaseOne()
    await image(page, 'Signed 1').waitFor()
    await page.context().request.post(`${server.url}/auth/logout`, {
      headers: { origin: server.url },
    })
    await uploads.releaseAll()
    const { username, password, submit } = signInForm(page)
    await username.fill('admin')
    await password.fill(ADMIN_PASSWORD)
    await submit.click()
    await queue(page).getByText('5 of 5 uploaded.').first().waitFor()
    expect(await namesOf('Signed')).toEqual([1, 2, 3, 4, 5].map((number) => `Signed ${number}`))
    await expectFocus(uploadButton(page))
  })

  it('is refused with a reason to a user who may not add images, and the page stays', async () => {
    const page = await openPage(server, { username: 'visitor', password: PASSWORD })
    await image(page, 'Seen').waitFor()
    await expectRefusedDrop(page, 'You do not have permission to add images.')
  })

  it('is refused with a reason on a server without the file service, and the page stays', async () => {
    const page = await openPage(apiOnly)
    await page.getByText('Uploads are handled by another server.').waitFor()
    await expectRefusedDrop(page, 'Uploads are handled by another server.')
  })

  it('does not replace the sign-in form', async () => {
    const page = await openPage(server, { username: null })
    // `drop` rejects if the page does not handle the file itself.
    await signInForm(page).form.drop({ files: await pictures('Stranger') })
    expect(await namesOf('Stranger')).toEqual([])
  })
})
