import { createWriteStream } from 'node:fs'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { mediaNotFound } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { Images } from '../images.ts'
import type { Plan } from '../plan/plan.ts'
import { VARIANTS } from '../recipe.ts'
import { type KeepDeps, keepImage } from './keep-image.ts'
import type { StoredImage } from './source-lookup.ts'

/** An image that can be made of a file, and the name under which it is kept. */
export interface Wanted {
  name: string
  /** Undefined for the variants `scaled` and `high`. */
  plan?: Plan
}

export type RenderDeps = KeepDeps & { images: Images; temporary: TemporaryFolder }

/** Renders an image of a file, and stores it. */
export async function renderFile(
  deps: RenderDeps,
  fileId: number,
  { name, plan }: Wanted,
  signal: AbortSignal,
): Promise<StoredImage> {
  const { database, storage, images, temporary } = deps
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
    const options = { withPreview: name === 'scaled' }
    const rendered = await images.render(
      original,
      folder,
      plan ?? variantPlan(name),
      options,
      signal,
    )
    const extension = extname(rendered.path).slice(1)
    return keepImage(deps, fileId, name, { ...rendered, extension })
  })
}

const variantPlan = (name: string) => (name === 'high' ? VARIANTS.high : VARIANTS.scaled)
