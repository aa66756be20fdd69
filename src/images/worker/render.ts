import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { INTERMEDIATE_FIT, needsIntermediate, servesFrom } from '../intermediate.ts'
import type { Encoding, FitPlan, Plan } from '../plan/plan.ts'
import { type Size, type Turn, turnOfOrientation, UPRIGHT } from '../plan/turn.ts'
import { renderAnimation } from './animation.ts'
import { type Pixels, readPixels } from './colour/conversion.ts'
import { decodeFirstFrame, decodePart, readHeader, scaleAndCut } from './decode.ts'
import { type Encoded, encode, finish } from './finish.ts'
import { encodeIntermediate, isOpaque, readIntermediate } from './intermediate.ts'
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
  return finishTo(path, part, plan, turnOfOrientation(header.orientation))
}

/**
 * Renders an image, and writes the intermediate image of its original from the same decoded pixels. If the plan
 * cannot be made from these, it renders from the original and writes none.
 */
export async function renderWithIntermediate(source: string, task: RenderTask): Promise<Rendered> {
  const { folder, header, plan } = task
  const isHigh = 'fit' in plan && plan.fit === INTERMEDIATE_FIT
  if (!needsIntermediate(header) || !(isHigh || servesFrom(plan, fitSize(header)))) {
    return render(source, task)
  }
  const pixels = await decodeFirstFrame(source, header, INTERMEDIATE_FIT)
  const path = join(folder, `rendered.${plan.format}`)
  const rendered =
    'fit' in plan
      ? await renderPixels(pixels, plan, path)
      : await finishTo(path, await takePart(pixels, plan), plan, UPRIGHT)
  // A transparent PNG that is not scaled down decodes as fast as its pixels.
  const isGainless = header.format === 'png' && pixels.width === header.width
  if (isGainless && pixels.channels === 4 && !isOpaque(pixels.data)) return rendered
  const { extension, ...encoded } = await encodeIntermediate(pixels)
  const written = await write(encoded, join(folder, `intermediate.${extension}`))
  return { ...rendered, intermediate: { ...written, extension } }
}

/** Renders an image from an intermediate one. `servesFrom` tells whether that may be done. */
export async function renderFromIntermediate(
  source: string,
  { folder, plan }: { folder: string; plan: Plan },
): Promise<RenderedImage> {
  const path = join(folder, `rendered.${plan.format}`)
  const pixels = await readIntermediate(source)
  // Scaled during decoding as far as originals are, it would lose up to 0.005 of SSIM; so it loses 0.002.
  const part =
    pixels === 'jpeg'
      ? await decodePart(source, await readHeader(source), plan, { fastShrinkOnLoad: false })
      : await takePart(pixels, plan)
  return finishTo(path, part, plan, UPRIGHT)
}

const takePart = ({ data, ...raw }: Pixels, plan: Plan): Promise<Pixels> =>
  readPixels(scaleAndCut(sharp(data, { raw }), plan, UPRIGHT))

/** The size that an intermediate image will have, but for rounding. */
function fitSize({ width, height }: Header): Size {
  const factor = Math.min(1, INTERMEDIATE_FIT / Math.max(width, height))
  return { width: Math.floor(width * factor), height: Math.floor(height * factor) }
}

const finishTo = (path: string, part: Pixels, plan: Plan, stored: Turn) =>
  writeStill(finish(part, plan, stored), plan, path)

/** Writes upright pixels as they are. */
export const renderPixels = (
  { data, ...raw }: Pixels,
  plan: FitPlan,
  path: string,
): Promise<RenderedImage> => writeStill(sharp(data, { raw }), plan, path)

/** Encodes one image into a file. */
export async function writeStill(
  image: Sharp,
  encoding: Encoding,
  path: string,
): Promise<RenderedImage> {
  const { data, info } = await encode(image, encoding).toBuffer({ resolveWithObject: true })
  return write({ data, width: info.width, height: info.height }, path)
}

async function write({ data, width, height }: Encoded, path: string): Promise<RenderedImage> {
  await writeFile(path, data, { mode: 0o600 })
  const sha256 = createHash('sha256').update(data).digest('hex')
  return { path, size: data.length, sha256, width, height }
}
