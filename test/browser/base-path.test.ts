import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makePng } from '../fixtures.ts'
import { findFreePort } from '../free-port.ts'
import { ADMIN_PASSWORD, ROOT, signIn, startServer } from '../harness.ts'
import { findNginx } from '../install-nginx.ts'
import { runNginx } from '../nginx.ts'
import { describePage, expectNames, image, openPage, PATIENCE, signInForm } from './page.ts'

/** The nginx configuration from the documentation. Only the address of the server is replaced. */
const [, example = ''] =
  /```nginx\n(server \{\n {2}listen 80;\n\n {2}location \/media-app\/.*?)```/s.exec(
    readFileSync(join(ROOT, 'docs/operations.md'), 'utf8'),
  ) ?? []

/** The page of the API documentation is large: a busy machine takes long to show it. */
const LATER = { timeout: 30_000 }

describePage('the page under a path', () => {
  it.skipIf(!findNginx()).each([
    ['leaves the path on', ''],
    ['takes the path off', '/'],
  ])(
    'works behind a proxy that %s',
    async (_, slash) => {
      const server = await startServer({
        VITRINE_BASE_PATH: '/media-app/',
        VITRINE_TRUSTED_PROXIES: '127.0.0.1',
      })
      onTestFinished(async () => void (await server.stop()))
      const client = await signIn(server)
      await client.add('Under a path', [], await makePng())
      expect(example).toContain('http://127.0.0.1:4545;')
      const text = `events {} http { access_log off; ${example.replace('http://127.0.0.1:4545;', `${server.url}${slash};`)} }`
      const nginx = await runNginx(text, await findFreePort())
      onTestFinished(nginx.stop)

      const page = await openPage({ ...server, url: `${nginx.url}/media-app` }, { username: null })
      const failed: string[] = []
      page.on('response', (response) => {
        // Requests before the sign-in get a 401.
        if (response.status() >= 400 && response.status() !== 401) failed.push(response.url())
      })
      const { username, password, submit } = signInForm(page)
      await username.fill('admin')
      await password.fill(ADMIN_PASSWORD)
      await submit.click()
      await expectNames(page, ['Under a path'])
      const isShown = (picture: ReturnType<typeof image>) =>
        picture.evaluate((element) => 'naturalWidth' in element && Number(element.naturalWidth) > 0)
      await expect.poll(() => isShown(image(page, 'Under a path')), PATIENCE).toBe(true)

      // The panel is in another script, which is loaded now.
      await image(page, 'Under a path').click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name', { exact: true }).waitFor()
      const original = await dialog.getByRole('link', { name: 'original' }).getAttribute('href')
      expect(original).toMatch(/^\/media-app\/media\/original\/\d+$/)
      await page.reload()
      await dialog.getByLabel('Name', { exact: true }).waitFor()
      expect(new URL(page.url()).pathname).toBe('/media-app/')

      await page.goto(`${nginx.url}/media-app/docs`, LATER)
      await page.getByText('Whether the process runs').waitFor(LATER)
      expect(failed).toEqual([])
    },
    120_000,
  )
})
