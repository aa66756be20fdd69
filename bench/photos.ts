import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePhoto } from './make-photo.ts'

/** Where the photographs are, as `photo-1.jpg` and so on. */
export const PHOTO_FOLDER = join(import.meta.dirname, 'library')
const PHOTOS = 8

/** Returns some photographs of 12 megapixels, which are made once. */
export async function keepPhotos(): Promise<Buffer[]> {
  mkdirSync(PHOTO_FOLDER, { recursive: true })
  const photos: Buffer[] = []
  for (let seed = 1; seed <= PHOTOS; seed++) {
    const path = join(PHOTO_FOLDER, `photo-${seed}.jpg`)
    if (!existsSync(path)) {
      writeFileSync(`${path}.part`, await makePhoto(seed))
      renameSync(`${path}.part`, path)
    }
    photos.push(readFileSync(path))
  }
  return photos
}

let made = 0

/**
 * Returns the same picture as a different file. Bytes that the library already has would not be decoded.
 */
export function renewPhoto(jpeg: Buffer): Buffer {
  const text = Buffer.from(`${process.pid} ${Date.now()} ${++made}`)
  const comment = Buffer.from([0xff, 0xfe, 0, text.length + 2])
  return Buffer.concat([jpeg.subarray(0, 2), comment, text, jpeg.subarray(2)])
}
