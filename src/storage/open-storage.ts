import { openDiskStorage } from './disk.ts'
import type { S3Place } from './s3/s3-url.ts'
import type { Storage } from './storage.ts'

/**
 * Opens the storage that the settings name.
 *
 * @param place a bucket; if undefined, objects are kept on the disk
 * @param folder folder for objects on the disk
 * @param mayBeAway see `openS3Storage`
 */
export async function openStorage(
  place: S3Place | undefined,
  folder: string,
  mayBeAway?: (fault: unknown) => void,
): Promise<Storage> {
  if (!place) return openDiskStorage(folder)
  // Loaded only if it is used: it takes a third of a second.
  const { openS3Storage } = await import('./s3/s3.ts')
  return openS3Storage(place, undefined, { mayBeAway })
}
