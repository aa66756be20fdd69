import type { Client } from '../test/harness.ts'
import type { Measured, MeasureWork } from './comparison.ts'

const MEGAPIXELS = 12

/**
 * Adds photographs of 12 megapixels, and makes the `high` variant of each.
 * @returns the ids of their items
 */
export async function measureImages(
  figures: Measured,
  client: Client,
  photos: Buffer[],
  measureWork: MeasureWork,
): Promise<number[]> {
  const ids: number[] = []
  figures['JPEG of 12 megapixels (bytes)'] = photos[0]?.length ?? 0
  await measureWork('add of a JPEG of 12 megapixels', photos.length, async () => {
    for (const [index, photo] of photos.entries()) {
      const form = new FormData()
      form.set('name', `Photo ${index}`)
      form.set('tags', 'bench')
      form.set('image', new Blob([new Uint8Array(photo)]), 'photo.jpg')
      const { status, body } = await client.request('POST', '/media/add', { body: form })
      if (status !== 200) throw new Error(`The photo was refused: ${JSON.stringify(body)}`)
      ids.push(body.media.id)
    }
  })
  const sizes = { scaled: 0, high: 0 }
  const show = async (name: 'scaled' | 'high') => {
    for (const id of ids) {
      const { status, bytes } = await client.get(`/media/image/${id}/${name}`)
      if (status !== 200) throw new Error(`${name} was answered with ${status}.`)
      sizes[name] += bytes.length / photos.length
    }
  }
  await measureWork('high made', photos.length, () => show('high'))
  await show('scaled')
  figures['scaled (bytes)'] = Math.round(sizes.scaled)
  figures['high (bytes)'] = Math.round(sizes.high)
  for (const what of ['add of a JPEG of 12 megapixels', 'high made']) {
    const time = Number(figures[`${what}: server (ms)`])
    figures[`${what}: a megapixel (ms)`] = Number((time / MEGAPIXELS).toFixed(1))
  }
  return ids
}
