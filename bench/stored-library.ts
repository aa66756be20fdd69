import { createHash, randomFillSync } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openDatabase } from '../src/database/open.ts'
import { publicDigest, readDeliverySecret } from '../src/images/digests.ts'
import { RECIPE as IMAGE_RECIPE } from '../src/images/recipe.ts'
import { insertFiles, insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import { newKey } from '../src/storage/storage.ts'
import { createPhotoNames } from './fill-photos.ts'

/** Increase this when the contents of the library change. */
const RECIPE = 2
const FOLDER = join(import.meta.dirname, 'library')
const ITEMS_AT_ONCE = 1000
/** Bytes of an original and of its `scaled` image: small, so that the number of objects dominates. */
const ORIGINAL_BYTES = 20_000
const SCALED_BYTES = 5_000

/**
 * A library on SQLite and disk whose objects all exist, with the hashes in their rows. The bytes are random
 * and not images, since the commands that read whole libraries do not decode them. Kept from run to run.
 *
 * @returns its data folder
 */
export async function keepStoredLibrary(items: number): Promise<string> {
  const data = join(FOLDER, `stored-r${RECIPE}-${items}`)
  if (existsSync(data)) return data
  console.log(`Storing a library of ${items.toLocaleString('en')} items…`)
  const filling = `${data}-filling`
  rmSync(filling, { recursive: true, force: true })
  await fill(filling, items)
  renameSync(filling, data)
  return data
}

async function fill(data: string, items: number): Promise<void> {
  const database = await openDatabase(join(data, 'vitrine.db'))
  const secret = await readDeliverySecret(database.read)
  const store = (kind: 'originals' | 'variants', extension: string, size: number) => {
    const bytes = randomFillSync(Buffer.alloc(size))
    const key = newKey(kind, extension)
    const path = join(data, 'files', key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes, { mode: 0o600 })
    return { key, size, sha256: createHash('sha256').update(bytes).digest('hex') }
  }
  const nextPhoto = createPhotoNames()
  for (let made = 0; made < items; made += ITEMS_AT_ONCE) {
    const files = Array.from({ length: Math.min(ITEMS_AT_ONCE, items - made) }, () => {
      const original = store('originals', 'jpg', ORIGINAL_BYTES)
      return {
        file: {
          ...original,
          type: 'image/jpeg',
          width: 400,
          height: 300,
          frames: 1,
          thumbhash: Buffer.from(original.sha256.slice(0, 42), 'hex').toString('base64'),
          color: '#808080',
          scaled_digest: publicDigest(secret, original.sha256, 'scaled', IMAGE_RECIPE),
          high_digest: publicDigest(secret, original.sha256, 'high', IMAGE_RECIPE),
          recipe: IMAGE_RECIPE,
        },
        scaled: {
          ...store('variants', 'webp', SCALED_BYTES),
          width: 400,
          height: 300,
          recipe: IMAGE_RECIPE,
        },
      }
    })
    await database.write(async (trx) => {
      const ids = await insertFiles(trx, files)
      const photos = ids.map((file_id) => ({ file_id, ...nextPhoto() }))
      const added_at = Date.now()
      const rows = photos.map(({ file_id, name, tags }) => {
        return { file_id, name, tags: JSON.stringify(tags), added_at }
      })
      await insertItems(trx, rows)
      await trx.updateTable('library').set({ last_added_at: added_at }).execute()
      await countVersion(trx)
    })
  }
  await database.close()
}
