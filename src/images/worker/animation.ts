import sharp, { type OutputInfo, type Sharp } from 'sharp'
import type { FitPlan, Plan } from '../plan/plan.ts'
import { UPRIGHT } from '../plan/turn.ts'
import { requirePixels } from './colour/conversion.ts'
import { damaged, fitInto, openAnimation, scaleAndCut } from './decode.ts'
import { dress, type Encoded, encode, finish } from './finish.ts'
import type { Header } from './tasks.ts'

/** Renders an animation as one. */
export async function renderAnimation(
  path: string,
  header: Header,
  plan: Plan | FitPlan,
): Promise<Encoded> {
  const image = openAnimation(path, header)
  const whole = 'fit' in plan ? fitInto(image, plan.fit) : scaleAndCut(image, plan, UPRIGHT)
  if ('fit' in plan) return encodeAnimation(encode(whole, plan, header.timing), header)
  if (plan.turn || plan.blur !== undefined) return renderFrames(whole, header, plan)
  return encodeAnimation(
    encode(dress(whole, plan, plan.cut ?? plan.scale), plan, header.timing),
    header,
  )
}

/** sharp works frame by frame and does not hold them all. */
async function encodeAnimation(image: Sharp, header: Header): Promise<Encoded> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true }).catch((error) => {
    throw damaged(header, error)
  })
  return { data, width: info.width, height: info.pageHeight ?? info.height }
}

/**
 * Finishes each frame by itself: sharp holds the frames of an animation below one another as one image, and a
 * turn or a blur of that would mix them. Holds all frames, in the size of the result, in memory.
 */
async function renderFrames(image: Sharp, header: Header, plan: Plan): Promise<Encoded> {
  const { delay, loop } = header.timing ?? (await image.metadata())
  const { data, info } = await image
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error) => {
      throw damaged(header, error)
    })
  const { width, channels } = requirePixels(info)
  const height = info.height / header.frames
  const bytes = width * height * channels
  const finished: { data: Buffer; info: OutputInfo }[] = []
  for (let start = 0; start < data.length; start += bytes) {
    const frame = { data: data.subarray(start, start + bytes), width, height, channels }
    const image = finish(frame, plan, UPRIGHT).raw()
    finished.push(await image.toBuffer({ resolveWithObject: true }))
  }
  const joined = sharp(Buffer.concat(finished.map((frame) => frame.data)), {
    raw: {
      width: plan.width,
      height: plan.height * finished.length,
      channels: finished[0]?.info.channels ?? channels,
      pageHeight: plan.height,
    },
  })
  const { quality, effort } = plan
  const timing = {
    ...(delay && { delay: delay.slice(0, header.frames) }),
    ...(loop !== undefined && { loop }),
  }
  const encoded = await joined.webp({ quality, effort, ...timing }).toBuffer()
  return { data: encoded, width: plan.width, height: plan.height }
}
