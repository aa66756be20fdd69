import { join } from 'node:path'
import sharp from 'sharp'
import type { Plan } from '../plan/plan.ts'
import { type Area, turnArea, turnOfOrientation, undo } from '../plan/turn.ts'
import { readPixels } from './colour/conversion.ts'
import { decodePart } from './decode.ts'
import { finish } from './finish.ts'
import { writeStill } from './render.ts'
import type { Header, RenderedImage } from './tasks.ts'

/**
 * Renders stills that differ in what is cut out of the scaled original and nothing else. Decodes the original once, and
 * holds the pixels of the area around all of them.
 */
export async function renderParts(
  source: string,
  { folder, header, plans }: { folder: string; header: Header; plans: readonly Plan[] },
): Promise<RenderedImage[]> {
  const [first] = plans
  if (!first) return []
  const around = areaAround(plans.map(cutOf))
  const block = await decodePart(source, header, { ...first, cut: around })
  const stored = turnOfOrientation(header.orientation)
  const rendered: RenderedImage[] = []
  for (const [index, plan] of plans.entries()) {
    const { left, top, width, height } = cutOf(plan)
    const within = { left: left - around.left, top: top - around.top, width, height }
    const part = sharp(block.data, { raw: block }).extract(turnArea(within, around, undo(stored)))
    const image = finish(await readPixels(part), plan, stored)
    rendered.push(await writeStill(image, plan, join(folder, `part-${index}.${plan.format}`)))
  }
  return rendered
}

const cutOf = ({ cut, scale }: Plan): Area => cut ?? { left: 0, top: 0, ...scale }

function areaAround(areas: readonly Area[]): Area {
  const left = Math.min(...areas.map((area) => area.left))
  const top = Math.min(...areas.map((area) => area.top))
  const right = Math.max(...areas.map((area) => area.left + area.width))
  const bottom = Math.max(...areas.map((area) => area.top + area.height))
  return { left, top, width: right - left, height: bottom - top }
}
