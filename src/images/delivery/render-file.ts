import { extname, join } from 'node:path'
import { AppError, mediaNotFound } from '../../base/errors.ts'
import type { Queries } from '../../database/tables.ts'
import { lendObject } from '../../storage/fetch-object.ts'
import { ObjectMissing } from '../../storage/storage.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { Images, RenderedImage } from '../images.ts'
import { servesFrom } from '../intermediate.ts'
import type { Plan } from '../plan/plan.ts'
import type { Size } from '../plan/turn.ts'
import { VARIANTS } from '../recipe.ts'
import { INTERMEDIATE, type KeepDeps, keepImages, type Made } from './keep-image.ts'
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
    .select(['key', 'frames'])
    .where('id', '=', fileId)
    .executeTakeFirst()
  if (!file) throw mediaNotFound()

  return temporary.withFolder(async (folder) => {
    const intermediate = await findIntermediate(database.read, fileId)
    if (intermediate) {
      const made = await renderBySource(deps, intermediate, folder, wanted, signal)
      if (made) return keepImages(deps, fileId, [made])
    }
    const original = join(folder, 'original')
    await lendObject(storage, file.key, original, signal)
    const options = { withIntermediate: intermediate === undefined, isStill: file.frames === 1 }
    const made = await renderWanted(deps.images, original, folder, wanted, options, signal)
    return keepImages(deps, fileId, made)
  })
}

interface Intermediate extends Size {
  key: string
}

const findIntermediate = (db: Queries, fileId: number): Promise<Intermediate | undefined> =>
  db
    .selectFrom('renditions')
    .innerJoin('files', (join) =>
      join
        .onRef('files.id', '=', 'renditions.file_id')
        .onRef('files.recipe', '=', 'renditions.recipe'),
    )
    .select(['renditions.key', 'renditions.width', 'renditions.height'])
    .where('renditions.file_id', '=', fileId)
    .where('renditions.name', '=', INTERMEDIATE)
    .executeTakeFirst()

/** @returns undefined if the image must be made from the original, also because the intermediate one is gone or damaged */
async function renderBySource(
  { storage, images, log }: RenderDeps,
  intermediate: Intermediate,
  folder: string,
  { name, plan, block }: Wanted,
  signal: AbortSignal,
): Promise<Made | undefined> {
  if (!plan || block || !servesFrom(plan, intermediate)) return undefined
  const path = join(folder, 'intermediate')
  try {
    await lendObject(storage, intermediate.key, path, signal)
    return madeOf(name, await images.renderFromIntermediate(path, folder, plan, {}, signal))
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AppError && error.status === 503) throw error
    if (!(error instanceof ObjectMissing)) {
      log.warn({ err: error, key: intermediate.key }, 'An intermediate image could not be used')
    }
    return undefined
  }
}

async function renderWanted(
  images: Images,
  original: string,
  folder: string,
  { name, plan, block }: Wanted,
  { withIntermediate, isStill }: { withIntermediate: boolean; isStill: boolean },
  signal: AbortSignal,
): Promise<Made[]> {
  if (block) {
    const plans = block.images.map(({ plan }) => plan)
    const rendered = await images.renderParts(original, folder, plans, { isStill }, signal)
    return block.images.map(({ name }, index) => madeOf(name, rendered[index]))
  }
  const options = { withPreview: name === 'scaled', withIntermediate, isStill }
  const rendered = await images.render(original, folder, plan ?? variantPlan(name), options, signal)
  const { intermediate } = rendered
  return [
    madeOf(name, rendered),
    ...(intermediate ? [{ name: INTERMEDIATE, rendered: intermediate }] : []),
  ]
}

function madeOf(name: string, rendered: RenderedImage | undefined): Made {
  if (!rendered) throw new Error(`The image ${name} was not rendered.`)
  return { name, rendered: { ...rendered, extension: extname(rendered.path).slice(1) } }
}

const variantPlan = (name: string) => (name === 'high' ? VARIANTS.high : VARIANTS.scaled)
