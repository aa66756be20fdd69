/**
 * The process that decodes image files. `worker-process.ts` starts it and sends it requests. It can be
 * killed at any time, and it kills itself when it exceeds a limit. The decoders run on their own threads,
 * so the main thread can check the limits while they work.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import sharp from 'sharp'
import type { FileMetadata } from '../file-metadata.ts'
import { FORMATS } from '../formats.ts'
import { framesOf } from '../plan/plan.ts'
import { VARIANTS } from '../recipe.ts'
import { type Frames, withApngFrames } from './apng-frames.ts'
import { decodeEveryFrame, decodeUpload, readHeader } from './decode.ts'
import { withGifTransparency } from './gif-transparency.ts'
import { withJpegEnd } from './jpeg-end.ts'
import { createMetadataReader } from './metadata/read-metadata.ts'
import { makePreview } from './preview.ts'
import { render, renderFromIntermediate, renderPixels, renderWithIntermediate } from './render.ts'
import { renderParts } from './render-parts.ts'
import {
  type Header,
  NICENESS,
  Refusal,
  type Reply,
  type Request,
  type Tasks,
  type WorkerLimits,
} from './tasks.ts'

const WATCH_MS = 20
const MEBIBYTE = 1024 * 1024

/**
 * Only accepted formats, read from files. `PngBuffer` is for gray pixels, which get a profile as a PNG, and for the
 * frames of an animated PNG.
 */
const LOADERS = [
  'JpegFile',
  'PngFile',
  'WebpFile',
  'NsgifFile',
  'HeifFile',
  'TiffFile',
  'PngBuffer',
].map((name) => `VipsForeignLoad${name}`)

const metadataReader = createMetadataReader()

/** Adds to the metadata of a file how much of it is not shown. */
const noteUnshown = (metadata: FileMetadata | undefined, { unshown }: Header) =>
  metadata && unshown ? { ...metadata, unshown } : metadata

const tasks: {
  [Name in keyof Tasks]: (input: Tasks[Name]['input']) => Promise<Tasks[Name]['output']>
} = {
  readHeader: ({ path, ...options }) => readHeader(path, options),

  readMetadata: async ({ path, header }) =>
    noteUnshown(await metadataReader.read(path, header), header),

  readSidecar: ({ text, header }) => metadataReader.readSidecar(text, header),

  async process(task) {
    const { folder, header } = task
    const needed = { decoded: header.frames, kept: 1 }
    // The decoder has its own thread, so the metadata are read meanwhile.
    const reading = metadataReader.read(task.original, header)
    const pixels = await withSource(task, needed, async (path, source) => {
      await decodeEveryFrame(path, source)
      return decodeUpload(path, source, VARIANTS.scaled.fit)
    }).finally(() => reading)
    const scaled = await renderPixels(pixels, VARIANTS.scaled, join(folder, 'scaled.webp'))
    const { width, height, frames } = header
    const { type, extension } = FORMATS[header.format]
    const preview = await makePreview(pixels)
    const metadata = noteUnshown(await reading, header)
    return { type, extension, width, height, frames, ...preview, scaled, metadata }
  },

  render: (task) =>
    withSource(task, shown(framesOf(task.plan, task.header)), (path, header) =>
      task.withIntermediate
        ? renderWithIntermediate(path, { ...task, header })
        : render(path, { ...task, header }),
    ),

  renderFromIntermediate: (task) => renderFromIntermediate(task.path, task),

  renderParts: (task) =>
    withSource(
      task,
      shown(Math.max(...task.plans.map((plan) => framesOf(plan, task.header)))),
      (path, header) => renderParts(path, { ...task, header }),
    ),
}

prepareProcess()
sharp.cache(false)
// One thread for an image. Several images run in several processes.
sharp.concurrency(1)
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: LOADERS })
process.on('message', async (request: Request) => {
  const stopWatching = watch(request.limits)
  const reply = await perform(request)
  stopWatching()
  await send(reply)
})
await send({ kind: 'ready' })

/** Gives the process low priority, and lets only the end of its parent end it. */
function prepareProcess() {
  try {
    // On Linux, each thread has its own priority. A new thread inherits it from the thread that starts it.
    for (const id of readdirSync('/proc/self/task')) setPriority(Number(id), NICENESS)
  } catch {
    setPriority(NICENESS)
  }
  // `process.exit` would wait for the decoders' threads.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  // The whole group can receive these when the server must end, and the server still needs the results.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  try {
    // If memory runs out, the kernel must kill this process and not the server.
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Not Linux.
  }
}

async function perform<Name extends keyof Tasks>({ name, input }: Request<Name>): Promise<Reply> {
  try {
    return { kind: 'done', output: await tasks[name](input) }
  } catch (error) {
    if (!(error instanceof Refusal)) return { kind: 'failed', cause: inspect(error) }
    const { reason, detail, cause } = error
    return { kind: 'refused', reason, detail, cause: inspect(cause) }
  }
}

/** When the process exceeds a limit, reports that to the parent and kills the process. */
function watch({ seconds, memoryBytes }: WorkerLimits): () => void {
  const start = process.cpuUsage()
  const timer = setInterval(async () => {
    const { user, system } = process.cpuUsage(start)
    const isLate = (user + system) / 1e6 > seconds
    if (!isLate && process.memoryUsage.rss() <= memoryBytes) return
    clearInterval(timer)
    const reason = isLate ? 'time' : 'memory'
    const taken = isLate
      ? `more than ${seconds} seconds of processor time`
      : `more than ${Math.round(memoryBytes / MEBIBYTE)} MiB of memory`
    const detail = `Processing the image took ${taken}; a smaller or simpler one may be accepted.`
    await send({ kind: 'refused', reason, detail, cause: `Worker took ${taken}` })
    process.kill(process.pid, 'SIGKILL')
  }, WATCH_MS)
  return () => clearInterval(timer)
}

/** Resolves when the message is sent, or when it can no longer be sent. */
function send(reply: Reply): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(reply, undefined, undefined, () => resolve())
    else resolve()
  })
}

const shown = (count: number): Frames => ({ decoded: count, kept: count })

/**
 * Passes the file of an image to `work`, or a corrected copy in its folder. The decoder shows the copy as
 * browsers show the original.
 */
function withSource<T>(
  task: { path: string; folder: string; header: Header },
  frames: Frames,
  work: (path: string, header: Header) => Promise<T>,
): Promise<T> {
  const { path, header } = task
  if (header.kept !== undefined) return work(path, { ...header, frames: header.kept })
  if (header.format === 'jpeg') return withJpegEnd(task, (path) => work(path, header))
  if (header.format === 'gif') return withGifTransparency(task, (path) => work(path, header))
  if (header.format === 'png' && header.frames > 1) return withApngFrames(task, frames, work)
  return work(path, header)
}
