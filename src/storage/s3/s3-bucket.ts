import {
  AbortMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { isNothingThere } from './s3-fault.ts'

/** A bucket, and the prefix of the library's objects in it. */
export interface Bucket {
  client: S3Client
  Bucket: string
  /** Empty, or ends with a slash. */
  prefix: string
}

/** Reads the size of an object and the SHA-256 in its metadata; undefined if the object does not exist. */
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
 * Lists unfinished multipart uploads whose keys begin with `start`, in the order of their keys. Some services
 * list an upload only if `start` is its whole key.
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

/** Aborts every unfinished upload of a key. It can no longer become an object, and its parts are deleted. */
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

/** Decodes a name of a list. Lists are requested in the encoding `url`, because XML lacks some characters. */
export const decodeName = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
