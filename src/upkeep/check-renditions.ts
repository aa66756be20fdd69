import type { Queries } from '../database/tables.ts'
import { inspectObject } from '../storage/fetch-object.ts'
import { type Check, type Examined, type Finding, nameItems } from './finding.ts'

/** A rendition, as its row describes it. */
export interface Rendition {
  file_id: number
  name: string
  key: string
  size: number
  sha256: string
}

/** Checks the bytes of a file's renditions in storage. */
export async function* checkRenditions(
  { database, storage, quick }: Examined,
  renditions: readonly Rendition[],
): AsyncGenerator<Finding> {
  for (const rendition of renditions) {
    const fault = await inspectObject(storage, rendition, quick)
    // It may have been removed meanwhile, to make room.
    if (!fault || !(await isThere(database.read, rendition))) continue
    const { file_id, name, key } = rendition
    yield {
      problem: `The image ${name} of ${await nameItems(database.read, file_id)} ${fault.fault} (${key}).`,
      remedy: 'Removes it. It is made anew at the next request.',
      async repair(library) {
        const keys = await library.database.write(async (trx) => {
          await trx.deleteFrom('renditions').where('key', '=', key).execute()
          return library.journal.condemn(trx, [key])
        })
        await library.journal.removeCondemned(keys)
        return { done: 'Removed it. It is made anew at the next request.' }
      },
    }
  }
}

const isThere = async (db: Queries, { key }: Rendition): Promise<boolean> =>
  (await db.selectFrom('renditions').select('key').where('key', '=', key).executeTakeFirst()) !==
  undefined

/** Checks the count of the bytes of all renditions, by which they are kept within their limit. */
export const checkRenditionBytes: Check = async function* ({ database }) {
  const { counted, sum } = await readBytes(database.read)
  if (counted === sum) return
  yield {
    problem: `The count of the bytes of derived images is ${counted} instead of ${sum}.`,
    remedy: 'Counts them again.',
    async repair(library) {
      await library.database.write(async (trx) => {
        const { sum } = await readBytes(trx)
        await trx.updateTable('library').set({ rendition_bytes: sum }).execute()
      })
      return { done: 'Counted them again.' }
    },
  }
}

/** Both numbers of one moment. */
async function readBytes(db: Queries): Promise<{ counted: number; sum: number }> {
  const row = await db
    .selectFrom('library')
    .select('rendition_bytes as counted')
    .select((row) =>
      row
        .selectFrom('renditions')
        .select(({ fn }) => fn.sum<number | null>('size').as('sum'))
        .as('sum'),
    )
    .executeTakeFirstOrThrow()
  return { counted: Number(row.counted), sum: Number(row.sum ?? 0) }
}
