import type { Settings, Values } from '../base/settings.ts'
import { parseS3Url, type S3Place } from './s3/s3-url.ts'

export const storageSettings = {
  storageUrl: {
    variable: 'VITRINE_STORAGE_URL',
    fallback: undefined,
    parse: (text): S3Place | undefined => parseS3Url(text),
    help: 'Bucket for images, s3://bucket/prefix?endpoint=…&region=…; without it, they are on the disk.',
    // A user may have put credentials into the URL by mistake.
    secret: true,
  },
} satisfies Settings

export type StorageSettings = Values<typeof storageSettings>
