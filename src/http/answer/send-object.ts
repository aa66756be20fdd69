import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fresh from 'fresh'
import { AppError, quote } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'

/** A part of an object, both ends included. */
export interface ByteRange {
  start: number
  end: number
}

export interface ObjectToSend {
  /** With its quotes. Strong: the same tag means the same bytes. */
  etag: string
  /** MIME type. */
  type: string
  /** Bytes of the whole. */
  size: number
  /** Called only when bytes are to be sent. A stream is destroyed if the client leaves. */
  open: (range?: ByteRange) => Promise<Readable | Buffer>
  /** Where the client gets the bytes instead, if it is not to get them from here. */
  redirect?: (() => Promise<{ url: string; cacheControl: string }>) | undefined
  /** More headers, for the whole object, for parts and for "not modified" alike. */
  headers?: Readonly<Record<string, string>>
}

/**
 * Answers GET and HEAD for an object: 304 where the client has it already, a single range where it
 * asks for one, else the whole (RFC 9110, sections 13 and 14). In the order of what it costs. A GET
 * may be sent elsewhere instead, which answers ranges itself.
 *
 * @throws AppError 412 if it is not the one that If-Match names; 416 if it has no such range; whatever `open` throws
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
  // Only the tag: a page's own `fetch` says `Cache-Control: no-cache` beside it, unasked.
  if (fresh({ 'if-none-match': request.headers['if-none-match'] }, { etag })) {
    return reply.code(304).send(emptyBody(request))
  }
  if (redirect && request.method === 'GET') {
    const { url, cacheControl } = await redirect()
    // The tag is that of the bytes: a redirect that carried it would be found unchanged for ever.
    reply.removeHeader('etag').removeHeader('accept-ranges')
    return reply.header('cache-control', cacheControl).redirect(url, 302)
  }

  const range = request.method === 'GET' ? readRange(request, etag, size) : undefined
  if (range === 'unsatisfiable') {
    throw new AppError('range-not-satisfiable', 416, 'Range not satisfiable', {
      detail: `The range ${quote(request.headers.range)} is outside of the ${size} bytes.`,
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

/** Fastify says `Content-Length: 0` for a HEAD that is sent nothing; an empty stream it leaves be. */
const emptyBody = ({ method }: FastifyRequest) =>
  method === 'HEAD' ? heard(Readable.from([])) : undefined

/**
 * @returns undefined where the whole is to be sent: no range is asked for, or several, or of an
 *   object that is another by now, or in a form that this does not know (which is to be ignored)
 */
function readRange(
  { headers }: FastifyRequest,
  etag: string,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  if (headers['if-range'] !== undefined && headers['if-range'] !== etag) return undefined
  // Blanks are trimmed afterwards: a pattern that allows them between everything takes minutes to find
  // that a long row of them is no range.
  const [, ...ends] = /^bytes=([^-]*)-([^-]*)$/i.exec(headers.range ?? '') ?? []
  const [first, last] = ends.map((end) => end.trim())
  if (first === undefined || last === undefined || first + last === '') return undefined
  if (!/^\d*$/.test(first + last)) return undefined
  if (first === '') {
    // The last so many bytes.
    const start = Math.max(size - Number(last), 0)
    return start < size ? { start, end: size - 1 } : 'unsatisfiable'
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start < size ? { start, end } : 'unsatisfiable'
}

/**
 * `Content-Disposition` of a download (RFC 6266): a name in plain ASCII, and the true one for
 * clients that read RFC 8187. No name can add a header or a parameter, or name a folder.
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
