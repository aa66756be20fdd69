import { at } from '../api/base'
import { api } from '../api/client'
import { type Outcome, readOutcome, type SendOptions } from './send-upload'

/**
 * Adds one large file to the library, by tus. If an earlier upload of the file broke off, also before a reload of the
 * page, it goes on from there. Never rejects.
 */
export async function sendResumable(options: SendOptions): Promise<Outcome> {
  try {
    return await send(options)
  } catch {
    // The code or the storage of the browser cannot be loaded.
    return { kind: 'unreachable' }
  }
}

async function send({ file, name, tags, onProgress, signal }: SendOptions): Promise<Outcome> {
  const { DetailedError, Upload } = await import('tus-js-client')
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const metadata = { filename: file.name, name, tags: JSON.stringify(tags) }
  const upload = new Upload(file, {
    endpoint: location.origin + at('/media/uploads'),
    metadata,
    // The queue itself waits and tries again.
    retryDelays: null,
    removeFingerprintOnSuccess: true,
    onProgress: (sent, total) => onProgress(total ? sent / total : 0),
    onSuccess: ({ lastResponse }) =>
      resolve(
        readAdded(
          lastResponse.getHeader('X-Media-Id'),
          lastResponse.getHeader('X-Media-Duplicates'),
        ),
      ),
    onError: (error) => {
      const response = error instanceof DetailedError ? error.originalResponse : null
      if (!response) return resolve({ kind: 'unreachable' })
      const retryAfter = response.getHeader('Retry-After') ?? null
      resolve(readOutcome(response.getStatus(), parse(response.getBody()), retryAfter))
    },
  })
  const earlier = await upload.findPreviousUploads()
  // One under another name, or with other tags, would become another item.
  const same = earlier.find((one) => JSON.stringify(one.metadata) === JSON.stringify(metadata))
  if (same) upload.resumeFromPreviousUpload(same)
  const abort = () => {
    resolve({ kind: 'aborted' })
    // If the server cannot be told, it forgets the upload after a day.
    upload.abort(true).catch(() => {})
  }
  if (signal.aborted) return { kind: 'aborted' }
  signal.addEventListener('abort', abort, { once: true })
  upload.start()
  return promise
}

/** Headers are null in a browser where they are absent, whatever their types say. */
async function readAdded(
  id: string | null | undefined,
  duplicates: string | null | undefined,
): Promise<Outcome> {
  const path = { id: Number(id) }
  const { data } = await api.GET('/media/item/{id}', { params: { path } }).catch(() => ({
    data: undefined,
  }))
  if (!data) return { kind: 'unreachable' }
  return {
    kind: 'added',
    media: data.media,
    duplicateOf: Number(duplicates?.split(',')[0]) || undefined,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
