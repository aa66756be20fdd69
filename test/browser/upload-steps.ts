/** Steps shared by the tests of uploading. */
import type { Page, Route } from 'playwright-core'

export interface UploadFile {
  name: string
  mimeType: string
  buffer: Buffer
}

export const jpeg = (name: string, buffer: Buffer): UploadFile => ({
  name,
  mimeType: 'image/jpeg',
  buffer,
})

export const uploadButton = (page: Page) =>
  page.getByRole('button', { name: 'Upload', exact: true })

/** Picks files with the page's own button. */
export async function pick(page: Page, files: readonly UploadFile[]): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    uploadButton(page).click(),
  ])
  await chooser.setFiles([...files])
}

/** Drops files and folders from the disk, through the drag events of the browser itself. */
export async function dropFromDisk(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data })
  }
  await session.detach()
}

/** The panel of the queue. */
export const queue = (page: Page) => page.getByRole('region', { name: 'Uploads' })

/** The row of a file in the queue, by the name that it has there. */
export const row = (page: Page, name: string) =>
  queue(page)
    .getByRole('listitem')
    .filter({ has: page.getByRole('button', { name: `: ${name}` }) })

/** Sets whether files are uploaded right away, or wait for names and tags. */
export const uploadAtOnce = (page: Page, isAtOnce: boolean) =>
  queue(page)
    .getByRole('switch', { name: 'Upload right away' })
    .setChecked(isAtOnce, { force: true })

/** Answers uploads in place of the server, but not the OPTIONS request for whether it takes any. */
export const answerUploads = (page: Page, answer: (route: Route) => unknown) =>
  page.route('**/media/add', (route) =>
    route.request().method() === 'POST' ? answer(route) : route.continue(),
  )

/** Holds back all uploads, so that a test sees which are in progress. */
export async function holdUploads(page: Page) {
  const held: Route[] = []
  let underWay = 0
  let most = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/media/add') && request.method() === 'POST') {
      most = Math.max(most, ++underWay)
    }
  })
  let isOpen = false
  await answerUploads(page, (route) => (isOpen ? route.continue() : held.push(route)))
  const release = async (route: Route | undefined) => {
    underWay--
    await route?.continue()
  }
  return {
    /** How many uploads are held back. */
    count: () => held.length,
    /** The largest number of uploads that were in progress at once. */
    most: () => most,
    releaseOne: () => release(held.shift()),
    releaseAll: async () => {
      isOpen = true
      for (const route of held.splice(0)) await release(route)
    },
  }
}
