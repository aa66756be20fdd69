import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import type { FitPlan, Plan } from '../plan/plan.ts'
import { turnOfOrientation } from '../plan/turn.ts'
import { renderAnimation } from './animation.ts'
import type { Pixels } from './colour/conversion.ts'
import { decodeFirstFrame, decodePart } from './decode.ts'
import { type Encoded, encode, finish } from './finish.ts'
import { makePreview } from './preview.ts'
import type { Header, Rendered, RenderedImage } from './tasks.ts'

interface RenderTask {
  folder: string
  header: Header
  plan: Plan | FitPlan
  withPreview?: boolean
}

/** Renders an image as a plan says. */
export async function render(source: string, task: RenderTask): Promise<Rendered> {
  const { folder, header, plan } = task
  const path = join(folder, `rendered.${plan.format}`)
  if (plan.animated && header.frames > 1) {
    return write(await renderAnimation(source, header, plan), path)
  }
  if ('fit' in plan) {
    const pixels = await decodeFirstFrame(source, header, plan.fit)
    const rendered = await renderPixels(pixels, plan, path)
    return task.withPreview ? { ...rendered, preview: await makePreview(pixels) } : rendered
  }
  const part = await decodePart(source, header, plan)
  const image = finish(part, plan, turnOfOrientation(header.orientation))
  return write(await encodeStill(encode(image, plan)), path)
}

/** Writes upright pixels as they are. */
export async function renderPixels(
  { data, ...raw }: Pixels,
  plan: FitPlan,
  path: string,
): Promise<RenderedImage> {
  return write(await encodeStill(encode(sharp(data, { raw }), plan)), path)
}

async function encodeStill(image: Sharp): Promise<Encoded> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

async function write({ data, width, height }: Encoded, path: string): Promise<RenderedImage> {
  await writeFile(path, data, { mode: 0o600 })
  const sha256 = createHash('sha256').update(data).digest('hex')
  return { path, size: data.length, sha256, width, height }
}
