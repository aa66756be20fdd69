import { sql } from 'kysely'
import { countVersion } from '../media/library.ts'
import { type Check, type Finding, nameItem } from './finding.ts'

/**
 * Checks the records of the trash: who moved an item there, and where the addresses of merged items lead. Other checks
 * find items in the trash that lists, searches or counts still have.
 */
export const checkTrash: Check = async function* ({ database }) {
  const { rows: items } = await sql<{ id: number; name: string }>`
    SELECT id, name FROM media
    WHERE (trashed_at IS NULL AND (trashed_by IS NOT NULL OR merged_into IS NOT NULL))
      OR (merged_into IS NOT NULL AND merged_into NOT IN (SELECT id FROM media))
    ORDER BY id`.execute(database.read)
  for (const item of items) yield forgetMerge(item)

  const { rows: addresses } = await sql<{ address: string; media_id: number }>`
    SELECT address, media_id FROM moved_addresses
    WHERE media_id NOT IN (SELECT id FROM media) ORDER BY address`.execute(database.read)
  for (const row of addresses) yield forgetAddress(row)
}

const forgetMerge = ({ id, name }: { id: number; name: string }): Finding => ({
  problem:
    `It is recorded that ${nameItem({ id, name })} was moved to the trash or merged into another item, ` +
    'but that is no longer so.',
  remedy: 'Deletes this record.',
  async repair(library) {
    await library.database.write(async (trx) => {
      await trx.updateTable('media').set({ merged_into: null }).where('id', '=', id).execute()
      await trx
        .updateTable('media')
        .set({ trashed_by: null })
        .where('id', '=', id)
        .where('trashed_at', 'is', null)
        .execute()
      await countVersion(trx)
    })
    return { done: 'Deleted this record.' }
  },
})

const forgetAddress = ({ address, media_id }: { address: string; media_id: number }): Finding => ({
  problem: `The address of a merged item (${address}) leads to an item ${media_id} that is not there.`,
  remedy: 'Deletes the address.',
  async repair(library) {
    await library.database.write((trx) =>
      trx.deleteFrom('moved_addresses').where('address', '=', address).execute(),
    )
    return { done: 'Deleted the address.' }
  },
})
