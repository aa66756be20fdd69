/**
 * The process that decodes one file in a format that libvips cannot decode, or not safely. `run-decoder.ts` starts it
 * with the file and the result as open descriptors. It needs no file but its own program, and may open none.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { inspect } from 'node:util'
import { NICENESS, Refusal } from '../worker/tasks.ts'
import {
  type ForeignFormat,
  type FromDecoder,
  type OpenFile,
  SOURCE_FD,
  type ToDecoder,
} from './protocol.ts'

/** Loads one library, and only that. */
const OPEN: Readonly<Record<ForeignFormat, (bytes: Buffer) => Promise<OpenFile>>> = {
  avif: async (bytes) => (await import('./magick.ts')).openByMagick(bytes, 'avif'),
  bmp: async (bytes) => (await import('./magick.ts')).openByMagick(bytes, 'bmp'),
  heic: async (bytes) => (await import('./heic.ts')).openHeic(bytes),
  jxl: async (bytes) => (await import('./magick.ts')).openByMagick(bytes, 'jxl'),
  svg: async (bytes) => (await import('./svg.ts')).openSvg(bytes),
}

setPriority(NICENESS)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
await decodeOne().catch((error) =>
  send(
    error instanceof Refusal
      ? { kind: 'refused', detail: error.detail, cause: inspect(error.cause) }
      : { kind: 'failed', cause: inspect(error) },
  ),
)

async function decodeOne() {
  const request = await receive()
  if (request.kind !== 'open') throw new Error('A file must be opened first')
  const file = await OPEN[request.format](readFileSync(SOURCE_FD))
  // Listens before the parent can answer.
  const next = receive()
  await send({ kind: 'header', header: file.header })
  const order = await next
  if (order.kind !== 'decode') throw new Error('The file is open already')
  await file.decode(order.order)
  await send({ kind: 'done' })
}

async function receive(): Promise<ToDecoder> {
  const [message] = await once(process, 'message')
  return message
}

function send(message: FromDecoder): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, undefined, undefined, () => resolve())
    else resolve()
  })
}
