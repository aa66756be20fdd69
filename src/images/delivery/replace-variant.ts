import type { Transaction } from 'kysely'
import type { Tables, VariantName } from '../../database/tables.ts'
import type { Preview, RenderedImage } from '../worker/tasks.ts'

/** The result of a render. A render of `scaled` also gives the preview. */
export type RenderedVariant = RenderedImage & { preview?: Preview }

/**
 * Replaces the row of a variant, if there is one, and updates the preview of its file. The caller takes the
 * new object from the journal, and condemns the old one.
 */
export async function replaceVariant(
  trx: Transaction<Tables>,
  { id, recipe }: { id: number; recipe: number },
  name: VariantName,
  key: string,
  { sha256, size, width, height, preview }: RenderedVariant,
): Promise<void> {
  await trx.deleteFrom('variants').where('file_id', '=', id).where('name', '=', name).execute()
  await trx
    .insertInto('variants')
    .values({ file_id: id, name, key, sha256, size, width, height, recipe })
    .execute()
  if (!preview) return
  const { thumbhash, color } = preview
  const changed = await trx
    .updateTable('files')
    .set({ thumbhash, color })
    .where('id', '=', id)
    .where((row) => row.or([row('thumbhash', '!=', thumbhash), row('color', '!=', color)]))
    .returning('id')
    .executeTakeFirst()
  // Lists show the preview, so their version must change.
  if (changed) {
    await trx
      .updateTable('library')
      .set((row) => ({ version: row('version', '+', row.lit(1)) }))
      .execute()
  }
}
