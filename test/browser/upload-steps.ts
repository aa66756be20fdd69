/** What somebody who uploads does, and sees. */
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

/** Drops files and folders of the disk, as the browser does it when a hand lets go of them. */
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

/** A file in the queue, by the name that it has there. */
export const row = (page: Page, name: string) =>
  queue(page)
    .getByRole('listitem')
    .filter({ has: page.getByRole('button', { name: `: ${name}` }) })

/** Has files wait for names and tags, or not. */
export const uploadAtOnce = (page: Page, isAtOnce: boolean) =>
  queue(page).getByRole('switch', { name: 'Upload at once' }).setChecked(isAtOnce, { force: true })

/** Answers uploads in place of the server, but not the question whether it takes any. */
export const answerUploads = (page: Page, answer: (route: Route) => unknown) =>
  page.route('**/media/add', (route) =>
    route.request().method() === 'POST' ? answer(route) : route.continue(),
  )

/** Holds back whatever is sent, so that one sees what is under way. */
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
    /** How many are under way. */
    count: () => held.length,
    /** How many have been under way at once. */
    most: () => most,
    releaseOne: () => release(held.shift()),
    releaseAll: async () => {
      isOpen = true
      for (const route of held.splice(0)) await release(route)
    },
  }
}
