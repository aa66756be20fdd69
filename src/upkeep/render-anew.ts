import { extname, join } from 'node:path'
import type { Transaction } from 'kysely'
import type { Tables, VariantName } from '../database/tables.ts'
import { type RenderedVariant, replaceVariant } from '../images/delivery/replace-variant.ts'
import { PRIORITY } from '../images/images.ts'
import { VARIANTS } from '../images/recipe.ts'
import type { Library } from '../media/library.ts'
import { inspectObject, lendObject, type NamedObject } from '../storage/fetch-object.ts'
import { newKey } from '../storage/storage.ts'

interface Rendering {
  file: NamedObject & { id: number; frames: number }
  variant: VariantName
  /** The key of the missing or damaged variant; undefined if it has no row. */
  replacedKey: string | undefined
}

/**
 * Renders a variant from its original, in place of a missing or damaged one. Follows the protocol of the
 * journal: it names the new object before the object is written, and removes the old object.
 *
 * @throws Error if the original has a fault itself, or if the variant was changed meanwhile
 */
export async function renderAnew(library: Library, rendering: Rendering): Promise<void> {
  const { database, storage, journal, temporary } = library
  const { replacedKey } = rendering
  await temporary.withFolder(async (folder) => {
    const rendered = await render(library, rendering, folder)
    const key = newKey('variants', extname(rendered.path).slice(1))
    await journal.record([key])
    let putFailed = true
    try {
      await storage.put(key, rendered.path)
      putFailed = false
      await database.write(async (trx) => {
        await replaceUnchanged(trx, rendering, key, rendered)
        await journal.take(trx, [key])
        if (replacedKey !== undefined) await journal.condemn(trx, [replacedKey])
      })
    } catch (error) {
      // If the object cannot be removed now, the sweep removes it.
      await journal.discard([key], { putFailed }).catch(() => {})
      throw error
    }
  })
  if (replacedKey !== undefined) await journal.discard([replacedKey])
}

async function render(
  { storage, images }: Library,
  { file, variant }: Rendering,
  folder: string,
): Promise<RenderedVariant> {
  const fault = await inspectObject(storage, file, false)
  if (fault) throw new Error(`its original ${fault.fault}.`)
  const original = join(folder, 'original')
  await lendObject(storage, file.key, original)
  const options = {
    priority: PRIORITY.rebuild,
    withPreview: variant === 'scaled',
    isStill: file.frames === 1,
  }
  return images.render(original, folder, VARIANTS[variant], options)
}

async function replaceUnchanged(
  trx: Transaction<Tables>,
  { file, variant, replacedKey }: Rendering,
  key: string,
  rendered: RenderedVariant,
): Promise<void> {
  const found = await trx
    .selectFrom('files')
    .leftJoin('variants', (join) =>
      join.onRef('variants.file_id', '=', 'files.id').on('variants.name', '=', variant),
    )
    .select(['variants.key', 'files.recipe'])
    .where('files.id', '=', file.id)
    .executeTakeFirst()
  if (!found || found.key !== (replacedKey ?? null)) throw new Error('it has changed meanwhile.')
  await replaceVariant(trx, { id: file.id, recipe: found.recipe }, variant, key, rendered)
}
