import type { ExpressionBuilder } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Queries, Tables } from '../database/tables.ts'
import { publicDigest } from '../images/digests.ts'
import { RECIPE, SINCE } from '../images/recipe.ts'
import { correctKeys, findWrongKeys } from '../media/change/focus-keys.ts'
import { countVersion, type Library } from '../media/library.ts'
import { inspectObject, type ObjectFault } from '../storage/fetch-object.ts'
import { checkRenditions } from './check-renditions.ts'
import { type Check, type Examined, type Finding, nameItems } from './finding.ts'
import { renderAnew } from './render-anew.ts'

/** Files whose rows are read at a time. */
const ROWS_AT_ONCE = 128
/** Files examined at once: enough to keep a disk or a bucket busy. */
const AT_ONCE = 16

/**
 * Checks that every file has an item, the right digests, and an original and variants with the right bytes. A
 * server may delete files meanwhile. A key is never used again, so an object is a finding only if a row still
 * names it after it was not found.
 */
export const checkFiles: Check = async function* (examined, advance) {
  for (let after = 0; ; ) {
    const files = await readFilesToCheck(examined.database.read, after, ROWS_AT_ONCE)
    for (let start = 0; start < files.length; start += AT_ONCE) {
      const checks = files.slice(start, start + AT_ONCE).map(async (file) => {
        const findings = await checkFile(examined, file)
        advance()
        return findings
      })
      yield* (await Promise.all(checks)).flat()
    }
    const last = files.at(-1)
    if (!last) return
    after = last.id
  }
}

/**
 * Reads files with their variants, in one transaction.
 * @param after only files with ids above this one
 */
export async function readFilesToCheck(db: Queries, after: number, limit: number) {
  return db.transaction().execute(async (trx) => {
    const files = await trx
      .selectFrom('files')
      .select([
        'id',
        'key',
        'size',
        'frames',
        'sha256',
        'type',
        'scaled_digest',
        'high_digest',
        'recipe',
      ])
      .select((row) => isUsed(row).as('used'))
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    const ids = files.map(({ id }) => id)
    const variants = await trx
      .selectFrom('variants')
      .select(['file_id', 'name', 'key', 'size', 'sha256'])
      .where('file_id', 'in', ids)
      .execute()
    const earlier = await trx
      .selectFrom('earlier_addresses')
      .selectAll()
      .where('file_id', 'in', ids)
      .execute()
    const renditions = await trx
      .selectFrom('renditions')
      .select(['file_id', 'name', 'key', 'size', 'sha256'])
      .where('file_id', 'in', ids)
      .execute()
    return files.map((file) => ({
      ...file,
      renditions: renditions.filter(({ file_id }) => file_id === file.id),
      earlier: earlier.filter(({ file_id }) => file_id === file.id),
      variants: variants.filter(({ file_id }) => file_id === file.id),
    }))
  })
}

type File = Awaited<ReturnType<typeof readFilesToCheck>>[number]
type Variant = File['variants'][number]

/** Whether an item has the file of the outer query, in the trash or not, at present or as an earlier version. */
const isUsed = ({ exists, or, selectFrom }: ExpressionBuilder<Tables, 'files'>) =>
  or([
    exists(selectFrom('media').select('media.id').whereRef('media.file_id', '=', 'files.id')),
    exists(
      selectFrom('versions')
        .select('versions.version')
        .whereRef('versions.file_id', '=', 'files.id'),
    ),
  ])

/** Checks the rows of one file and its bytes in storage. */
export async function checkFile(examined: Examined, file: File): Promise<Finding[]> {
  const { database, storage, quick } = examined
  if (!file.used) return [unused(file)]
  const findings: Finding[] = []
  if (file.recipe < (SINCE[file.type] ?? 0)) {
    findings.push(await earlierRecipe(database.read, file))
  } else if (![file, ...file.earlier].every((row) => hasDigests(examined, file, row))) {
    findings.push(await otherDigests(database.read, file))
  }

  const fault = await inspectObject(storage, file, quick)
  if (fault && (await isFile(database.read, file))) {
    findings.push(await faultyOriginal(database.read, file, fault))
  }
  if (!file.variants.some(({ name }) => name === 'scaled')) {
    findings.push(await faultyVariant(database.read, file, 'scaled', 'was never made'))
  }
  for (const variant of file.variants) {
    const fault = await inspectObject(storage, variant, quick)
    if (fault && (await isVariant(database.read, variant))) {
      const { name, key } = variant
      findings.push(await faultyVariant(database.read, file, name, fault.fault, key))
    }
  }
  findings.push(...(await Array.fromAsync(checkRenditions(examined, file.renditions))))
  return findings
}

const isFile = async (db: Queries, { id, key }: File): Promise<boolean> =>
  (await db
    .selectFrom('files')
    .select('id')
    .where('id', '=', id)
    .where('key', '=', key)
    .executeTakeFirst()) !== undefined

const isVariant = async (db: Queries, { key }: Variant): Promise<boolean> =>
  (await db.selectFrom('variants').select('key').where('key', '=', key).executeTakeFirst()) !==
  undefined

const digestsOf = (
  { deliverySecret }: Pick<Examined, 'deliverySecret'>,
  { sha256 }: File,
  recipe: number,
) => ({
  scaled_digest: publicDigest(deliverySecret, sha256, 'scaled', recipe),
  high_digest: publicDigest(deliverySecret, sha256, 'high', recipe),
})

/** Whether the digests of a row match the file's bytes. The row holds the present or an earlier address. */
function hasDigests(
  examined: Examined,
  file: File,
  row: { recipe: number; scaled_digest: string; high_digest: string },
): boolean {
  const { scaled_digest, high_digest } = digestsOf(examined, file, row.recipe)
  return row.scaled_digest === scaled_digest && row.high_digest === high_digest
}

/**
 * For a file that an older version added while this version was already in use, or that was restored from a
 * backup of an older version.
 */
async function earlierRecipe(db: Queries, file: File): Promise<Finding> {
  return {
    problem: `The images of ${await nameItems(db, file.id)} were rendered by an older version of Vitrine, which shows some colours differently.`,
    remedy:
      'Lets the server render them anew at the next request; their earlier addresses lead to the new ones.',
    async repair(library) {
      const { database } = library
      await database.write(async (trx) => {
        const earlier = { recipe: file.recipe, ...digestsOf(library, file, file.recipe) }
        await trx
          .insertInto('earlier_addresses')
          .values({ file_id: file.id, ...earlier })
          .onConflict((conflict) => conflict.columns(['file_id', 'recipe']).doNothing())
          .execute()
        await trx
          .updateTable('files')
          .set({ recipe: RECIPE, ...digestsOf(library, file, RECIPE) })
          .where('id', '=', file.id)
          .execute()
        await correctKeys(trx, await findWrongKeys(trx, file.id), true)
        await countVersion(trx)
      })
      return { done: 'Gave them new addresses.' }
    },
  }
}

async function otherDigests(db: Queries, file: File): Promise<Finding> {
  return {
    problem: `The immutable URLs of ${await nameItems(db, file.id)} do not match the bytes of the original.`,
    remedy: 'Corrects the URLs.',
    async repair(library) {
      await library.database.write(async (trx) => {
        await trx
          .updateTable('files')
          .set(digestsOf(library, file, file.recipe))
          .where('id', '=', file.id)
          .execute()
        for (const { recipe } of file.earlier) {
          await trx
            .updateTable('earlier_addresses')
            .set(digestsOf(library, file, recipe))
            .where('file_id', '=', file.id)
            .where('recipe', '=', recipe)
            .execute()
        }
        await countVersion(trx)
      })
      return { done: 'Corrected the URLs.' }
    },
  }
}

async function faultyOriginal(db: Queries, file: File, fault: ObjectFault): Promise<Finding> {
  const problem = `The original of ${await nameItems(db, file.id)} ${fault.fault} (${file.key}).`
  const restore = `Restore ${file.key} from a backup, or upload the same image again; its SHA-256 is ${file.sha256}.`
  if (fault.kind !== 'damaged') return { problem, remedy: restore }
  return {
    problem,
    remedy: 'Moves it aside, so that no client gets it before a backup is restored.',
    async repair({ database, storage }) {
      // Reads it again: the object must be damaged in storage, and not only by the first read.
      const again = await inspectObject(storage, file, false)
      if (again?.kind !== 'damaged' || !(await isFile(database.read, file))) {
        throw new Error('it was not damaged when it was read again.')
      }
      return { done: `Moved it to ${await storage.setAside(file.key)}. ${restore}`, lost: true }
    },
  }
}

async function faultyVariant(
  db: Queries,
  file: File,
  name: Variant['name'],
  fault: string,
  key?: string,
): Promise<Finding> {
  const place = key === undefined ? '' : ` (${key})`
  return {
    problem: `The ${name} image of ${await nameItems(db, file.id)} ${fault}${place}.`,
    remedy: 'Renders it anew from the original.',
    async repair(library) {
      await renderAnew(library, { file, variant: name, replacedKey: key })
      return { done: 'Rendered it anew.' }
    },
  }
}

function unused(file: File): Finding {
  return {
    problem: `No item has the file ${file.id} (${file.key}).`,
    remedy: 'Deletes its rows and moves its objects aside.',
    async repair({ database, storage }: Library) {
      const places: string[] = []
      for (const key of await forgetFile(database, file)) {
        if ((await storage.size(key)) !== undefined) places.push(await storage.setAside(key))
      }
      return {
        done: `Deleted its rows. New places of its objects: ${places.join(', ') || 'none'}.`,
      }
    },
  }
}

/** @returns the keys of its objects */
async function forgetFile(database: Database, { id }: File): Promise<string[]> {
  return database.write(async (trx) => {
    const used = await trx
      .selectFrom('files')
      .select('id')
      .where('id', '=', id)
      .where(isUsed)
      .executeTakeFirst()
    if (used) throw new Error(`${await nameItems(trx, id)} has it now.`)
    const variants = await trx
      .deleteFrom('variants')
      .where('file_id', '=', id)
      .returning('key')
      .execute()
    const renditions = await trx
      .deleteFrom('renditions')
      .where('file_id', '=', id)
      .returning('key')
      .execute()
    const files = await trx.deleteFrom('files').where('id', '=', id).returning('key').execute()
    return [...files, ...variants, ...renditions].map(({ key }) => key)
  })
}
