import { finished, Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { heard } from '../../base/heard.ts'
import type { ByteRange } from '../storage.ts'

/** Most consecutive failures without a byte in between. After each, the rest is requested again. */
const MAX_FAILURES = 3

/**
 * Streams the bytes of an object from S3. If the response breaks off, requests the rest. The rest fits,
 * because an object never changes. Destroying the stream frees the connection at once.
 *
 * @param body body of the first response
 * @param range the bytes of the object in that body
 * @param ask requests a part of the same object
 */
export function streamBody(
  body: Readable,
  range: ByteRange,
  ask: (range: ByteRange) => Promise<Readable>,
): Readable {
  let { start } = range
  const { end } = range
  let failures = 0
  let current = body

  const stream = heard(
    new Readable({
      read() {
        current.resume()
      },
      destroy(error, done) {
        current.destroy()
        done(error)
      },
    }),
  )

  function follow(next: Readable) {
    current = next
    next.on('data', (bytes: Buffer) => {
      start += bytes.length
      failures = 0
      if (!stream.push(bytes)) next.pause()
    })
    finished(next, (error) => {
      if (stream.destroyed) return
      if (start > end) stream.push(null)
      else void goOn(error ?? new Error(`It ended before byte ${start}.`))
    })
  }

  async function goOn(error: Error) {
    failures += 1
    if (failures > MAX_FAILURES) return stream.destroy(error)
    try {
      const next = await ask({ start, end })
      if (stream.destroyed) next.destroy()
      else follow(next)
    } catch (cause) {
      stream.destroy(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }

  follow(body)
  return stream
}

/** @throws Error if the response has no body */
export function bodyOf({ Body }: GetObjectCommandOutput): Readable {
  if (!(Body instanceof Readable)) throw new Error('S3 answered without a body.')
  return Body
}
