import { ANY_ORIGIN } from './any-origin.ts'
import { IMAGE_CSP } from './open-object.ts'

/** Of an answer with an image. */
export type ImageHeaders = Readonly<Record<string, string>> & { 'cache-control': string }

/** @param isPublic whether everybody may see images, or only callers who may view media */
export const createImageHeaders =
  (isPublic: boolean) =>
  (cacheControl: string): ImageHeaders => ({
    'cache-control': isPublic ? cacheControl : 'private, no-cache',
    'cross-origin-resource-policy': isPublic ? 'cross-origin' : 'same-origin',
    'content-security-policy': IMAGE_CSP,
    ...(isPublic && ANY_ORIGIN),
  })

/** Of an item in the trash, which only some may see. */
export const HEADERS_IN_TRASH: ImageHeaders = {
  'cache-control': 'private, no-store',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': IMAGE_CSP,
}
