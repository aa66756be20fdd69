import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createUser } from '../src/auth/accounts/accounts.ts'
import type { DatabaseLocation } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import type { VariantName } from '../src/database/tables.ts'
import { publicDigest, readDeliverySecret } from '../src/images/digests.ts'
import { RECIPE } from '../src/images/recipe.ts'
import { insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import { newKey, type Storage } from '../src/storage/storage.ts'
import { openLibraryStorage } from './library-storage.ts'
import { locateDatabase } from './postgres.ts'

interface Stored {
  key: string
  sha256: string
  size: number
}

/** The password is the one of all tests. */
const EDITOR = { username: 'edda', password: 'a password for tests', role: 'editor' }

/**
 * Makes a library with this many items in a data folder. Each item has objects of a few random bytes, which
 * is far faster than decoding images. For tests that move libraries. Every tenth item also has a `high`;
 * the last two items share a file.
 */
export async function stockLibrary(
  data: string,
  count: number,
  elsewhere: { database?: DatabaseLocation; storage?: Storage } = {},
) {
  const database = await openDatabase(elsewhere.database ?? (await locateDatabase(data)))
  const storage = elsewhere.storage ?? (await openLibraryStorage(data))
  const secret = await readDeliverySecret(database.read)
  const source = join(data, 'source')
  const store = async (kind: 'originals' | 'variants', extension: string) => {
    const bytes = randomBytes(100)
    const key = newKey(kind, extension)
    await writeFile(source, bytes)
    await storage.put(key, source)
    return { key, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }
  }
  await createUser(database, EDITOR)

  const files: { original: Stored; variants: (Stored & { name: VariantName })[] }[] = []
  for (let nth = 1; nth < count; nth += 1) {
    files.push({
      original: await store('originals', 'jpg'),
      variants: [
        { name: 'scaled', ...(await store('variants', 'webp')) },
        ...(nth % 10 === 0
          ? [{ name: 'high' as const, ...(await store('variants', 'webp')) }]
          : []),
      ],
    })
  }
  await database.write(async (trx) => {
    const insertItem = async (file_id: number, nth: number) => {
      const [name, tags] = [`Picture ${nth} über Überlingen`, ['東京', `tag ${nth % 7}`]]
      const added_at = 1_700_000_000_000 + nth
      const row = { file_id, name, tags: JSON.stringify(tags), added_at }
      await insertItems(trx, [row])
      await trx.updateTable('library').set({ last_added_at: added_at }).execute()
    }
    let last = 0
    for (const [index, { original, variants }] of files.entries()) {
      const { sha256 } = original
      const { id } = await trx
        .insertInto('files')
        .values({
          ...original,
          type: 'image/jpeg',
          width: 64,
          height: 48,
          frames: 1,
          thumbhash: 'AAAA',
          color: '#808080',
          scaled_digest: publicDigest(secret, sha256, 'scaled', RECIPE),
          high_digest: publicDigest(secret, sha256, 'high', RECIPE),
          recipe: RECIPE,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      for (const variant of variants) {
        const row = { file_id: id, width: 64, height: 48, recipe: RECIPE, ...variant }
        await trx.insertInto('variants').values(row).execute()
      }
      await insertItem(id, index + 1)
      last = id
    }
    await insertItem(last, count)
    await countVersion(trx)
  })
  await database.close()
}
