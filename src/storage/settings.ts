import type { Settings, Values } from '../base/settings.ts'
import { parseS3Url, type S3Place } from './s3/s3-url.ts'

export const storageSettings = {
  storageUrl: {
    variable: 'VITRINE_STORAGE_URL',
    fallback: undefined,
    parse: (text): S3Place | undefined => parseS3Url(text),
    help: 'Bucket to keep images in, s3://bucket/prefix?endpoint=…&region=…; the disk if there is none.',
    // Somebody may have put a secret into it, where none belongs.
    secret: true,
  },
} satisfies Settings

export type StorageSettings = Values<typeof storageSettings>
