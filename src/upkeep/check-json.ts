import { selectItems, toItem } from '../media/item.ts'
import { countVersion } from '../media/library.ts'
import { type Check, type Finding, nameItem } from './finding.ts'

const BATCH = 1000

/** What lists show of each item is what it says, and they show nothing else. */
export const checkJson: Check = async function* ({ database }, advance) {
  for (let after = 0; ; ) {
    const rows = await selectItems(database.read)
      .leftJoin('media_json', 'media_json.id', 'media.id')
      .select('media_json.json')
      .where('media.id', '>', after)
      .orderBy('media.id')
      .limit(BATCH)
      .execute()
    for (const { json, ...row } of rows) {
      advance()
      // Damaged tags are a finding of their own.
      if (isReadable(row.tags) && json !== JSON.stringify(toItem(row))) yield rewrite(row)
    }
    const last = rows.at(-1)
    if (!last || rows.length < BATCH) break
    after = last.id
  }

  const strays = await database.read
    .selectFrom('media_json')
    .select('id')
    .where('id', 'not in', (items) => items.selectFrom('media').select('id'))
    .orderBy('id')
    .execute()
  for (const { id } of strays) yield forget(id)
}

const rewrite = ({ id, name }: { id: number; name: string }): Finding => ({
  problem: `Lists do not show ${nameItem({ id, name })} as it is.`,
  remedy: 'Writes anew what they show.',
  async repair(library) {
    await library.database.write(async (trx) => {
      // The database itself writes it, at every change.
      await trx
        .updateTable('media')
        .set((row) => ({ name: row.ref('name') }))
        .where('id', '=', id)
        .execute()
      await countVersion(trx)
    })
    return { done: 'Wrote it anew.' }
  },
})

const forget = (id: number): Finding => ({
  problem: `Lists show an item ${id} that is not there.`,
  remedy: 'Forgets it.',
  async repair(library) {
    await library.database.write(async (trx) => {
      await trx.deleteFrom('media_json').where('id', '=', id).execute()
      await countVersion(trx)
    })
    return { done: 'Forgot it.' }
  },
})

function isReadable(tags: string): boolean {
  try {
    return Array.isArray(JSON.parse(tags))
  } catch {
    return false
  }
}
