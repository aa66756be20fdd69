/**
 * The process that touches image files: started by `worker-process.ts`, asked by messages. It can
 * be killed at any time, and kills itself when it takes more than it may. The decoders run on
 * threads of their own, so it can watch itself however long they take.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import sharp from 'sharp'
import { FORMATS } from '../formats.ts'
import { VARIANTS } from '../recipe.ts'
import { decodeEveryFrame, decodeFirstFrame, decodeUpload, readHeader } from './decode.ts'
import { makePreview } from './preview.ts'
import { Refusal } from './refusal.ts'
import { renderHigh, renderStill } from './render.ts'
import type { Reply, Request, Tasks, WorkerLimits } from './tasks.ts'
import { withSource } from './with-source.ts'

/** Of 19, which is lowest. It keeps lists quick while images are at work on every core. */
const NICENESS = 15
const WATCH_MS = 20
const MEBIBYTE = 1024 * 1024

/** Images are read from files, in the accepted formats alone. Gray pixels get their profile by a PNG in memory. */
const LOADERS = ['JpegFile', 'PngFile', 'WebpFile', 'NsgifFile', 'HeifFile', 'PngBuffer'].map(
  (name) => `VipsForeignLoad${name}`,
)

const tasks: {
  [Name in keyof Tasks]: (input: Tasks[Name]['input']) => Promise<Tasks[Name]['output']>
} = {
  readHeader: ({ path }) => readHeader(path),

  async process(task) {
    const { folder, header } = task
    const pixels = await withSource(task, async (path) => {
      await decodeEveryFrame(path, header)
      return decodeUpload(path, header, VARIANTS.scaled.fit)
    })
    const scaled = await renderStill(pixels, VARIANTS.scaled, join(folder, 'scaled.webp'))
    const { width, height, frames } = header
    const { type, extension } = FORMATS[header.format]
    return { type, extension, width, height, frames, ...(await makePreview(pixels)), scaled }
  },

  renderScaled: (task) =>
    withSource(task, async (source) => {
      const pixels = await decodeFirstFrame(source, task.header, VARIANTS.scaled.fit)
      const path = join(task.folder, 'scaled.webp')
      const scaled = await renderStill(pixels, VARIANTS.scaled, path)
      return { ...scaled, preview: await makePreview(pixels) }
    }),

  renderHigh: (task) =>
    withSource(task, (path) =>
      renderHigh(path, task.header, join(task.folder, 'high.webp'), task.animated),
    ),
}

prepareProcess()
sharp.cache(false)
// One image, one thread: several images are several processes.
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

/** Runs behind everything else, and dies with its parent and of nothing else. */
function prepareProcess() {
  try {
    // On Linux a priority is one thread's; those that start later take it over from the one that
    // starts them.
    for (const id of readdirSync('/proc/self/task')) setPriority(Number(id), NICENESS)
  } catch {
    setPriority(NICENESS)
  }
  // An exit would wait for the decoders' threads.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  // Sent to the whole group when the server is told to end, which still needs the running work.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  try {
    // Where memory runs out the kernel is to end this process, not the server.
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

/** Ends this process, with word to the parent, when it goes over a limit. */
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

/** Resolves when the message is handed over, or cannot be any more. */
function send(reply: Reply): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(reply, undefined, undefined, () => resolve())
    else resolve()
  })
}
