import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fresh from 'fresh'
import { AppError, quote } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import type { ByteRange } from '../../storage/storage.ts'

export interface ObjectToSend {
  /** With its quotes. Strong: the same tag means the same bytes. */
  etag: string
  /** MIME type. */
  type: string
  /** Bytes of the whole object. */
  size: number
  /** Called only when bytes are to be sent. A stream is destroyed if the client leaves. */
  open: (range?: ByteRange) => Promise<Readable | Buffer>
  /** Where the client gets the bytes, if this server does not send them. */
  redirect?: (() => Promise<{ url: string; cacheControl: string }>) | undefined
  /** More headers, for the whole object, for parts and for 304. */
  headers?: Readonly<Record<string, string>>
}

/**
 * Answers GET and HEAD for an object: 304 if the client has it already, a single range if the client asks for
 * one, else the whole (RFC 9110, sections 13 and 14). The cheapest answer is tried first. A GET may be
 * redirected instead, to a server that answers ranges itself.
 *
 * @throws AppError 412 if If-Match does not name this object; 416 if the object has no such range; the errors
 *   of `open`
 */
export async function sendObject(
  request: FastifyRequest,
  reply: FastifyReply,
  { etag, type, size, open, redirect, headers = {} }: ObjectToSend,
): Promise<FastifyReply> {
  reply.headers({ ...headers, etag, 'accept-ranges': 'bytes' })
  const wanted = request.headers['if-match']
  if (wanted !== undefined && fresh({ 'if-none-match': wanted }, { etag }) === false) {
    throw new AppError('precondition-failed', 412, 'Precondition failed', {
      detail: `The object's ETag is ${etag}, which If-Match does not name.`,
    })
  }
  // Passes only the tag: a page's `fetch` sends `Cache-Control: no-cache` beside it, unasked.
  if (fresh({ 'if-none-match': request.headers['if-none-match'] }, { etag })) {
    return reply.code(304).send(emptyBody(request))
  }
  if (redirect && request.method === 'GET') {
    const { url, cacheControl } = await redirect()
    // The tag belongs to the bytes. A redirect that carried it would be revalidated as unchanged for ever.
    reply.removeHeader('etag').removeHeader('accept-ranges')
    return reply.header('cache-control', cacheControl).redirect(url, 302)
  }

  const range = request.method === 'GET' ? readRange(request, etag, size) : undefined
  if (range === 'unsatisfiable') {
    throw new AppError('range-not-satisfiable', 416, 'Range not satisfiable', {
      detail: `The range ${quote(request.headers.range)} is outside of the ${size} bytes of the object.`,
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  const length = range ? range.end - range.start + 1 : size
  reply.headers({ 'content-type': type, 'content-length': length })
  if (request.method === 'HEAD') return reply.send(emptyBody(request))

  const bytes = await open(range)
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  return reply.send(bytes)
}

/** The headers of the whole object, as `sendObject` gives them with status 200. */
export const wholeHeaders = ({
  etag,
  type,
  size,
  headers,
}: Pick<ObjectToSend, 'etag' | 'type' | 'size' | 'headers'>) => ({
  ...headers,
  etag,
  'accept-ranges': 'bytes',
  'content-type': type,
  'content-length': size,
})

/** For a HEAD without a payload Fastify sends `Content-Length: 0`; with an empty stream it keeps ours. */
const emptyBody = ({ method }: FastifyRequest) =>
  method === 'HEAD' ? heard(Readable.from([])) : undefined

/**
 * @returns undefined if the whole object must be sent: the request asks for no range, for several ranges, or
 *   for a range of an earlier object (If-Range), or in an unknown form, which must be ignored
 */
function readRange(
  { headers }: FastifyRequest,
  etag: string,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  if (headers['if-range'] !== undefined && headers['if-range'] !== etag) return undefined
  // Blanks are trimmed afterwards. A pattern that allows blanks everywhere takes minutes to reject a long row
  // of them.
  const [, ...ends] = /^bytes=([^-]*)-([^-]*)$/i.exec(headers.range ?? '') ?? []
  const [first, last] = ends.map((end) => end.trim())
  if (first === undefined || last === undefined || first + last === '') return undefined
  if (!/^\d*$/.test(first + last)) return undefined
  if (first === '') {
    // The last bytes of the object, as many as `last` says.
    const start = Math.max(size - Number(last), 0)
    return start < size ? { start, end: size - 1 } : 'unsatisfiable'
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start < size ? { start, end } : 'unsatisfiable'
}

/**
 * `Content-Disposition` of a download (RFC 6266): a plain ASCII name, and the true name for clients that read
 * RFC 8187. No name can add a header or a parameter, or name a folder.
 */
export function attachment(name: string): string {
  const safe = name.toWellFormed().replace(/[\p{Cc}/\\]/gu, '_')
  const plain = safe.replace(/[^ -~]|["%]/gu, '_')
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
