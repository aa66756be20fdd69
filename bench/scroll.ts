/** Drags the scroll bar through a library of 100,000 images. */
import { join } from 'node:path'
import type { Page, Request } from 'playwright-core'
import { launchBrowser } from '../test/browser/launch.ts'
import { makeDataFolder, type Server, signIn, startServer } from '../test/harness.ts'
import { findBrowser } from '../test/install-browser.ts'
import type { Figures } from './comparison.ts'
import { fillPictures } from './fill-pictures.ts'
import { recordTasks } from './task-times.ts'

const ITEMS = 100_000
const RUNS = 3
const DRAG_MS = 10_000
const STEP_MS = 16

/** The limits for the page. */
const MAX_FRAME_MS = 50
const MAX_NODES = 1_500

export async function* measure(): AsyncGenerator<Figures> {
  const executablePath = findBrowser()
  if (!executablePath)
    throw new Error('There is no Chromium; `apt-get install chromium` gives one.')
  const data = makeDataFolder()
  console.log(`Making a library of ${ITEMS.toLocaleString('en')} images…`)
  await fillPictures(data, ITEMS)
  const server = await startServer({}, data)
  const browser = await launchBrowser(executablePath, { scrollbars: true })
  try {
    for (let run = 1; run <= RUNS; run++) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
      const { cookie } = await signIn(server)
      const [name = '', value = ''] = cookie.split('=')
      await context.addCookies([{ name, value, url: server.url }])
      yield { ...(await drag(await context.newPage(), server)), chromium: browser.version() }
      await context.close()
    }
  } finally {
    await browser.close()
    await server.stop()
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, STEP_MS))

interface Recorder {
  frames: number[]
  longTasks: number[]
  nodes: number
}

async function drag(page: Page, server: Server): Promise<Figures> {
  await page.addInitScript({ path: join(import.meta.dirname, 'frame-recorder.js') })
  const requests = countRequests(page)
  await page.goto(server.url)
  await page.getByText('Item 99975', { exact: true }).waitFor()
  const viewport = page.getByRole('grid').locator('..')
  const box = await viewport.boundingBox()
  if (!box) throw new Error('The grid has no place on the page.')
  const emptied = 'frameRecord.frames.length = frameRecord.longTasks.length = 0'
  await page.evaluate(emptied)
  requests.reset()
  const endRecording = await recordTasks(await page.context().newCDPSession(page))

  const x = box.x + box.width - 5
  // Below the arrow that some platforms show. There is nothing above the thumb.
  const [top, bottom] = [box.y + 20, box.y + box.height - 2]
  await page.mouse.move(x, top)
  await page.mouse.down()
  const started = performance.now()
  for (let share = 0; share < 1; ) {
    share = Math.min(1, (performance.now() - started) / DRAG_MS)
    await page.mouse.move(x, top + share * (bottom - top))
    await pause()
  }
  const dragged = performance.now()
  // This item was added first. If it does not appear, the bar was not dragged to the end.
  await page.getByText('Sample 1', { exact: true }).waitFor()
  while (!(await page.evaluate('areImagesShown()'))) await pause()
  const arrived = performance.now() - dragged
  const { frames, longTasks, nodes } = await page.evaluate<Recorder>('frameRecord')
  await page.mouse.up()
  const work = (await endRecording()).filter((time) => time >= 1)

  const p95 = percentile(frames, 0.95)
  return {
    frames: frames.length,
    'frame, median (ms)': percentile(frames, 0.5),
    'frame, 95th percentile (ms)': p95,
    'frame, 99th percentile (ms)': percentile(frames, 0.99),
    'frame, longest (ms)': percentile(frames, 1),
    'processor time of a task over 1 ms, 95th percentile (ms)': percentile(work, 0.95),
    'processor time of a task, longest (ms)': percentile(work, 1),
    'tasks over 50 ms': longTasks.length,
    'nodes, most': nodes,
    'list requests': requests.lists.all(),
    'list requests, most at once': requests.lists.most(),
    'image requests': requests.images.all(),
    'image requests, most at once': requests.images.most(),
    'end of the drag to its images (ms)': Math.round(arrived),
    'within the limits': p95 < MAX_FRAME_MS && nodes < MAX_NODES ? 'yes' : 'no',
  }
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}

/** Counts requests to the server, and how many run at once. */
function countRequests(page: Page) {
  const count = (pattern: RegExp) => {
    let all = 0
    let now = 0
    let most = 0
    const isMeant = (request: Request) => pattern.test(new URL(request.url()).pathname)
    page.on('request', (request) => {
      if (!isMeant(request)) return
      all++
      most = Math.max(most, ++now)
    })
    const end = (request: Request) => void (isMeant(request) && now--)
    page.on('requestfinished', end)
    page.on('requestfailed', end)
    const reset = () => {
      all = 0
      most = now
    }
    return { all: () => all, most: () => most, reset }
  }
  const lists = count(/^\/media$/)
  const images = count(/^\/media\/file\//)
  const reset = () => {
    lists.reset()
    images.reset()
  }
  return { lists, images, reset }
}
