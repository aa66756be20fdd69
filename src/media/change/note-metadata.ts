import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { isRefusal } from '../../images/images.ts'
import { countVersion, type Library } from '../library.ts'
import { type SaidColumns, saidColumns } from '../said.ts'
import { type ItemState, pairStates, readStates, updateDerived } from './derived.ts'

/** Items that are updated at a time. */
const ITEMS_AT_ONCE = 500

/**
 * Reads what a file of an earlier version says, and keeps it with the file. If that cannot be read, the file stays as
 * it is.
 */
export async function noteMetadata(
  library: Library,
  fileId: number,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const columns = await readMetadata(library, path, {}, signal)
  if (columns.reveals === null) return
  await library.database.write(async (trx) => {
    if (await writeMetadata(trx, fileId, columns)) await countVersion(trx)
  })
}

/**
 * Reads what a file says.
 * @returns columns without a value if that cannot be read
 */
export async function readMetadata(
  { images, log }: Library,
  path: string,
  options: { priority?: number },
  signal?: AbortSignal,
): Promise<SaidColumns> {
  try {
    return saidColumns(await images.readMetadata(path, options, signal))
  } catch (error) {
    signal?.throwIfAborted()
    if (!isRefusal(error)) log.warn({ err: error }, 'The metadata of a file could not be read')
    return saidColumns(undefined)
  }
}

/**
 * Keeps what a file says, unless that is known already. Updates what is derived from it. The caller must increase the
 * library's version.
 *
 * @param fill gets the items of the file, and may change them
 * @returns whether it was kept
 */
export async function writeMetadata(
  trx: Queries,
  fileId: number,
  { said, reveals }: SaidColumns,
  fill: (items: readonly ItemState[]) => Promise<void> = async () => {},
): Promise<boolean> {
  const [noted] = await runIn(trx, noteColumns, fileId, said, reveals)
  if (!noted) return false
  for (let last = 0; ; ) {
    const ids = (await runIn(trx, findItems, fileId, last)).map(({ id }) => id)
    const before = (await readStates(trx, ids)).map((state) => ({ ...state, reveals: null }))
    await fill(before)
    await updateDerived(trx, pairStates(before, await readStates(trx, ids)))
    if (ids.length < ITEMS_AT_ONCE) return true
    last = ids.at(-1) ?? last
  }
}

const noteColumns = prepare(
  (db, id: Parameter<number>, said: Parameter<string | null>, reveals: Parameter<string | null>) =>
    db
      .updateTable('files')
      .set({ said, reveals })
      .where('id', '=', id)
      .where('reveals', 'is', null)
      .returning('id')
      .compile(),
)

const findItems = prepare((db, fileId: Parameter<number>, after: Parameter<number>) =>
  db
    .selectFrom('media')
    .select('id')
    .where('file_id', '=', fileId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(ITEMS_AT_ONCE)
    .compile(),
)
