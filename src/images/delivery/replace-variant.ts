import type { Transaction } from 'kysely'
import type { Tables, VariantName } from '../../database/tables.ts'
import type { Preview, RenderedImage } from '../worker/tasks.ts'

/** What a render of a variant gives: of `scaled` also what is shown before it. */
export type RenderedVariant = RenderedImage & { preview?: Preview }

/**
 * Puts a rendered variant in the place of the one that there is, if any, and what is shown before it with it. The
 * objects are the caller's to take from the journal and to give to it.
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
  // Lists show them.
  if (changed) {
    await trx
      .updateTable('library')
      .set((row) => ({ version: row('version', '+', row.lit(1)) }))
      .execute()
  }
}
