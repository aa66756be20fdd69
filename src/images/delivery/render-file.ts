import { createWriteStream } from 'node:fs'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { mediaNotFound } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { Images, Rendered } from '../images.ts'
import type { Plan } from '../plan/plan.ts'
import { VARIANTS } from '../recipe.ts'
import { type KeepDeps, keepImages, type Made } from './keep-image.ts'
import type { StoredImage } from './source-lookup.ts'

/** An image that can be made of a file, and the name under which it is kept. */
export interface Wanted {
  name: string
  /** Undefined for the variants `scaled` and `high`. */
  plan?: Plan
  /** What is made together with it. */
  block?: Block
}

/**
 * Stills that differ in what is cut out of the scaled original and nothing else, so that they can all be made of one
 * decoding.
 */
export interface Block {
  /** Different for each block of a file. */
  name: string
  images: readonly { name: string; plan: Plan }[]
}

export type RenderDeps = KeepDeps & { images: Images; temporary: TemporaryFolder }

/**
 * Renders an image of a file, or all of its block, and stores them.
 * @returns the images by their names
 */
export async function renderFile(
  deps: RenderDeps,
  fileId: number,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredImage>> {
  const { database, storage, temporary } = deps
  const file = await database.read
    .selectFrom('files')
    .select('key')
    .where('id', '=', fileId)
    .executeTakeFirst()
  if (!file) throw mediaNotFound()

  return temporary.withFolder(async (folder) => {
    const original = join(folder, 'original')
    const { stream } = await storage.open(file.key)
    await pipeline(stream, heard(createWriteStream(original, { mode: 0o600 })), { signal })
    return keepImages(
      deps,
      fileId,
      await renderWanted(deps.images, original, folder, wanted, signal),
    )
  })
}

async function renderWanted(
  images: Images,
  original: string,
  folder: string,
  { name, plan, block }: Wanted,
  signal: AbortSignal,
): Promise<Made[]> {
  if (block) {
    const plans = block.images.map(({ plan }) => plan)
    const rendered = await images.renderParts(original, folder, plans, signal)
    return block.images.map(({ name }, index) => madeOf(name, rendered[index]))
  }
  const options = { withPreview: name === 'scaled' }
  return [
    madeOf(name, await images.render(original, folder, plan ?? variantPlan(name), options, signal)),
  ]
}

function madeOf(name: string, rendered: Rendered | undefined): Made {
  if (!rendered) throw new Error(`The image ${name} was not rendered.`)
  return { name, rendered: { ...rendered, extension: extname(rendered.path).slice(1) } }
}

const variantPlan = (name: string) => (name === 'high' ? VARIANTS.high : VARIANTS.scaled)
