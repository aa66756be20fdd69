import { createHash, randomFillSync } from 'node:crypto'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openDatabase } from '../src/database/open.ts'
import { RECIPE } from '../src/images/recipe.ts'
import { newKey } from '../src/storage/storage.ts'

/** Bytes of an image, typical of 600 pixels. */
const SIZE = 25_000
const ROWS_AT_ONCE = 100

/** Widths and ratios that anybody may ask for; each makes another image. */
const WIDTHS = [160, 240, 320, 400, 480, 640]
const RATIOS = ['1-1', '5-4', '4-3', '3-2', '16-10', '16-9', '2-1', '21-9', '4-5', '3-4', '2-3']

export interface Filled {
  /** Images that have not been made yet, each at another address. */
  paths: readonly string[]
  /** Bytes of the variants `scaled`, which are not counted. */
  scaledBytes: number
}

/**
 * Gives the items of a library so many images of any size, of random bytes, that these take `total` bytes. Nobody has
 * asked for them but once.
 */
export async function fillRenditions(data: string, total: number): Promise<Filled> {
  const database = await openDatabase(join(data, 'vitrine.db'))
  const files = await database.read.selectFrom('files').select(['id', 'scaled_digest']).execute()
  const rows = Array.from({ length: Math.floor(total / SIZE) }, (_, index) => {
    const key = newKey('variants', 'webp')
    const bytes = randomFillSync(Buffer.alloc(SIZE))
    const path = join(data, 'files', key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    return {
      file_id: files[index % files.length]?.id ?? 0,
      name: `filling_${index}.webp`,
      key,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      ...{ size: SIZE, width: 600, height: 450 },
      ...{ recipe: RECIPE, asked_at: 1000 + index, asks: 1 },
    }
  })
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const some = rows.slice(from, from + ROWS_AT_ONCE)
    await database.write(async (trx) => {
      await trx.insertInto('renditions').values(some).execute()
    })
  }
  await database.close()
  const paths = WIDTHS.flatMap((width) =>
    RATIOS.flatMap((ratio) =>
      files.map(({ scaled_digest }) => `/media/file/${scaled_digest}/w_${width},ar_${ratio}.webp`),
    ),
  )
  return { paths, scaledBytes: readScaledBytes(data) }
}

function readScaledBytes(data: string): number {
  const database = new DatabaseSync(join(data, 'vitrine.db'), { readOnly: true })
  const row = database.prepare('SELECT sum(size) AS bytes FROM variants').get()
  database.close()
  return Number(row?.bytes)
}

/** Bytes of all derived images in storage, whether the database knows them or not. */
export function measureVariants(data: string): number {
  let bytes = 0
  const entries = readdirSync(join(data, 'files/variants'), {
    recursive: true,
    withFileTypes: true,
  })
  for (const entry of entries) {
    if (!entry.isFile()) continue
    try {
      bytes += statSync(join(entry.parentPath, entry.name)).size
    } catch {
      // It has been removed meanwhile.
    }
  }
  return bytes
}
