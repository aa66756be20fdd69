import {
  AbortMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { isNothingThere } from './s3-fault.ts'

/** A bucket, and what the names of our objects in it begin with. */
export interface Bucket {
  client: S3Client
  Bucket: string
  /** Empty, or with a slash at its end. */
  prefix: string
}

/** The size of an object and the SHA-256 that was stored with it; undefined if it is not there. */
export async function headObject(
  { client, Bucket, prefix }: Bucket,
  key: string,
): Promise<{ size: number; sha256: string | undefined } | undefined> {
  try {
    const { ContentLength = 0, Metadata } = await client.send(
      new HeadObjectCommand({ Bucket, Key: prefix + key }),
    )
    return { size: ContentLength, sha256: Metadata?.sha256 }
  } catch (error) {
    if (isNothingThere(error)) return undefined
    throw error
  }
}

export const getObject = ({ client, Bucket, prefix }: Bucket, key: string, range?: string) =>
  client.send(
    new GetObjectCommand({
      Bucket,
      Key: prefix + key,
      ...(range !== undefined && { Range: range }),
    }),
  )

/**
 * Unfinished multipart uploads of everything whose name begins so, in the order of their keys. Some
 * services tell of them only if the whole key is asked for.
 */
export async function* listUploads(
  { client, Bucket, prefix }: Bucket,
  start: string,
): AsyncGenerator<{ key: string; id: string }> {
  let marker = {}
  for (;;) {
    const page = await client.send(
      new ListMultipartUploadsCommand({
        Bucket,
        Prefix: prefix + start,
        EncodingType: 'url',
        ...marker,
      }),
    )
    for (const { Key, UploadId } of page.Uploads ?? []) {
      if (Key !== undefined && UploadId !== undefined) {
        yield { key: decodeName(Key).slice(prefix.length), id: UploadId }
      }
    }
    if (!page.IsTruncated) return
    marker = {
      KeyMarker: decodeName(page.NextKeyMarker ?? ''),
      UploadIdMarker: page.NextUploadIdMarker,
    }
  }
}

/** Ends every unfinished upload of a key: it can become no object any more, and its parts go. */
export async function endUploads(bucket: Bucket, key: string): Promise<void> {
  const { client, Bucket, prefix } = bucket
  for await (const { key: found, id } of listUploads(bucket, key)) {
    if (found !== key) continue
    const upload = { Bucket, Key: prefix + key, UploadId: id }
    await client.send(new AbortMultipartUploadCommand(upload)).catch((error) => {
      if (!isNothingThere(error)) throw error
    })
  }
}

/** A name from a list in the encoding `url`, which is asked for since XML lacks some characters. */
export const decodeName = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
