import { createWriteStream } from 'node:fs'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Transaction } from 'kysely'
import { heard } from '../base/heard.ts'
import type { Tables, VariantName } from '../database/tables.ts'
import { type RenderedVariant, replaceVariant } from '../images/delivery/replace-variant.ts'
import type { Library } from '../media/library.ts'
import { newKey } from '../storage/storage.ts'
import { inspectObject, type NamedObject } from './inspect-object.ts'

interface Rendering {
  file: NamedObject & { id: number }
  variant: VariantName
  /** The key of the variant that is no good; undefined if there is no row of it. */
  worn: string | undefined
}

/**
 * Renders a variant from its original and puts it in the place of one that is missing or damaged, by
 * the journal's protocol: the new object is named before it is written, and the old one goes.
 *
 * @throws Error if the original is not sound itself, or the variant changed meanwhile
 */
export async function renderAnew(library: Library, rendering: Rendering): Promise<void> {
  const { database, storage, journal, temporary } = library
  const { worn } = rendering
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
        if (worn !== undefined) await journal.condemn(trx, [worn])
      })
    } catch (error) {
      // What cannot be removed now is the sweep's.
      await journal.discard([key], { putFailed }).catch(() => {})
      throw error
    }
  })
  if (worn !== undefined) await journal.discard([worn])
}

async function render(
  { storage, images }: Library,
  { file, variant }: Rendering,
  folder: string,
): Promise<RenderedVariant> {
  const fault = await inspectObject(storage, file, false)
  if (fault) throw new Error(`its original ${fault.fault}.`)
  const original = join(folder, 'original')
  const { stream } = await storage.open(file.key)
  await pipeline(stream, heard(createWriteStream(original, { mode: 0o600 })))
  return variant === 'scaled'
    ? images.renderScaled(original, folder)
    : images.renderHigh(original, folder)
}

async function replaceUnchanged(
  trx: Transaction<Tables>,
  { file, variant, worn }: Rendering,
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
  if (!found || found.key !== (worn ?? null)) throw new Error('it has changed meanwhile.')
  await replaceVariant(trx, { id: file.id, recipe: found.recipe }, variant, key, rendered)
}
