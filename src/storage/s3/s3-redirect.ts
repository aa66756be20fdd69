import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { checkKey, type Redirect, type RedirectHeaders } from '../storage.ts'
import type { Bucket } from './s3-bucket.ts'

/** Long enough to begin a download that waits behind others, short enough to be no lasting permission. */
const SECONDS = 300

/** Sends clients to the bucket by presigned addresses. They are made here, without asking S3. */
export async function createRedirect({ client, Bucket, prefix }: Bucket): Promise<Redirect> {
  const sign = (key: string, headers: Partial<RedirectHeaders> = {}) =>
    getSignedUrl(
      client,
      new GetObjectCommand({
        Bucket,
        Key: prefix + key,
        ResponseContentType: headers.type,
        ResponseCacheControl: headers.cacheControl,
        ResponseContentDisposition: headers.disposition,
      }),
      { expiresIn: SECONDS },
    )
  return {
    origin: new URL(await sign('.check')).origin,
    seconds: SECONDS,
    async addressOf(key, headers) {
      checkKey(key)
      return sign(key, headers)
    },
  }
}
