import { createHash, randomFillSync } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openDatabase } from '../src/database/open.ts'
import type { VariantName } from '../src/database/tables.ts'
import { planName } from '../src/images/plan/plan.ts'
import { planOf } from '../src/images/plan/plan-of.ts'
import { RECIPE as IMAGE_RECIPE } from '../src/images/recipe.ts'
import { insertFiles, insertItems } from '../src/media/change/insert-many.ts'
import { newKey } from '../src/storage/storage.ts'

/** Increase this when the contents of the library change. */
const RECIPE = 4
const FOLDER = join(import.meta.dirname, 'library')
const PREFIX = 'delivery-r'
/** Of each original, in pixels. */
const [WIDTH, HEIGHT] = [4000, 3000]
/** Widths of the sizes that are delivered besides the variants. */
const SIZED = { w_400: 400, w_800: 800 } as const
type Sized = keyof typeof SIZED
export type Delivered = VariantName | Sized
/** Bytes of each image, typical of photographs. */
export const SIZES: Readonly<Record<Delivered, number>> = {
  scaled: 8_000,
  high: 300_000,
  w_400: 12_000,
  w_800: 34_000,
}
const ITEMS_AT_ONCE = 100

export interface DeliveredImage {
  /** Path at the server. */
  path: string
  /** Key below the folder of files; its path at nginx. */
  key: string
}

export interface DeliveryLibrary {
  data: string
  images: Readonly<Record<Delivered, readonly DeliveredImage[]>>
}

/** A library of this many images, each with bytes of its own in each size. Kept from run to run. */
export async function keepDeliveryLibrary(count: number): Promise<DeliveryLibrary> {
  const data = join(FOLDER, `${PREFIX}${RECIPE}-${count}`)
  mkdirSync(FOLDER, { recursive: true })
  for (const other of readdirSync(FOLDER)) {
    if (other.startsWith(PREFIX) && !other.startsWith(`${PREFIX}${RECIPE}-`)) {
      rmSync(join(FOLDER, other), { recursive: true })
    }
  }
  if (!existsSync(data)) {
    console.log(`Making ${count.toLocaleString('en')} images to deliver…`)
    const filling = `${data}-filling`
    rmSync(filling, { recursive: true, force: true })
    await fill(filling, count)
    renameSync(filling, data)
  }
  const database = await openDatabase(join(data, 'vitrine.db'))
  const variants = await database.read
    .selectFrom('variants')
    .innerJoin('files', 'files.id', 'file_id')
    .select(['name', 'variants.key', 'scaled_digest'])
    .orderBy('file_id')
    .execute()
  const renditions = await database.read
    .selectFrom('renditions')
    .innerJoin('files', 'files.id', 'file_id')
    .select(['renditions.key', 'renditions.width', 'scaled_digest'])
    .orderBy('file_id')
    .execute()
  await database.close()
  const rows = [...variants, ...renditions.map((row) => ({ ...row, name: `w_${row.width}` }))]
  const imagesOf = (size: Delivered) =>
    rows
      .filter(({ name }) => name === size)
      .map(({ key, scaled_digest }) => ({ path: `/media/file/${scaled_digest}/${size}.webp`, key }))
  return {
    data,
    images: {
      scaled: imagesOf('scaled'),
      high: imagesOf('high'),
      w_400: imagesOf('w_400'),
      w_800: imagesOf('w_800'),
    },
  }
}

async function fill(data: string, count: number): Promise<void> {
  const database = await openDatabase(join(data, 'vitrine.db'))
  const source = { width: WIDTH, height: HEIGHT, frames: 1, focus: null }
  const nameOf = (width: number) => planName(planOf({ width }, 'webp', source))
  const put = (size: Delivered, width: number) => {
    const bytes = randomFillSync(Buffer.alloc(SIZES[size]))
    const key = newKey('variants', 'webp')
    const path = join(data, 'files', key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const height = (width / 4) * 3
    return { key, sha256, size: bytes.length, width, height, recipe: IMAGE_RECIPE }
  }
  for (let made = 0; made < count; made += ITEMS_AT_ONCE) {
    const images = Array.from({ length: Math.min(ITEMS_AT_ONCE, count - made) }, () => {
      const scaled = put('scaled', 400)
      const { sha256 } = scaled
      const file = {
        sha256,
        key: newKey('originals', 'jpg'),
        type: 'image/jpeg',
        size: 4_000_000,
        width: WIDTH,
        height: HEIGHT,
        frames: 1,
        thumbhash: sha256.slice(0, 28),
        color: '#808080',
        scaled_digest: sha256.slice(0, 22),
        high_digest: sha256.slice(22, 44),
        recipe: IMAGE_RECIPE,
      }
      const sized = Object.entries(SIZED).map(([size, width]) => ({
        name: nameOf(width),
        ...put(size as Sized, width),
      }))
      return { file, scaled, high: put('high', 2560), sized }
    })
    await database.write(async (trx) => {
      const ids = await insertFiles(trx, images)
      const highs = images.map(({ high }, index) => ({
        file_id: ids[index] ?? 0,
        name: 'high' as const,
        ...high,
      }))
      await trx.insertInto('variants').values(highs).execute()
      const renditions = images.flatMap(({ sized }, index) =>
        sized.map((row) => ({ file_id: ids[index] ?? 0, ...row, asked_at: 1000, asks: 2 })),
      )
      await trx.insertInto('renditions').values(renditions).execute()
      await insertItems(
        trx,
        ids.map((file_id) => ({ file_id, name: `Image ${file_id}`, tags: '[]', added_at: 1000 })),
      )
    })
  }
  await database.close()
}
