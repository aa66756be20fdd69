import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type AppError, parametersMissing } from '../../base/errors.ts'
import { unsupportedMediaType } from '../answer/render-errors.ts'

/**
 * Parses JSON in UTF-8, with or without a byte order mark.
 * @throws AppError 400 "Required parameters missing" if it is malformed, or holds a key `__proto__` at any
 *   depth: code that copies such an object would change the prototype of the copy
 */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw malformed('it is not in UTF-8')
  const value = parse(body.toString().replace(/^\uFEFF/, ''))
  if (holdsPrototype(value)) throw malformed('it holds the key __proto__')
  return value
}

/** @param why completes "The body is not acceptable JSON: …" */
export const malformed = (why: string): AppError =>
  parametersMissing(`The body is not acceptable JSON: ${why}.`)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The rest of the message repeats parts of the body, which may hold a password.
    const [where] = /position \d+/.exec(String(error)) ?? []
    throw malformed(where ? `its syntax is wrong at ${where}` : 'it ends too early')
  }
}

/** Not recursive: a body may be nested deeper than the stack. */
function holdsPrototype(value: unknown): boolean {
  const pending = [value]
  for (let next = pending.pop(); pending.length > 0 || next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue
    if (Object.hasOwn(next, '__proto__')) return true
    for (const child of Object.values(next)) {
      if (typeof child === 'object' && child !== null) pending.push(child)
    }
  }
  return false
}

/**
 * Bodies of ordinary routes are JSON, and read whole. An empty body counts as none. A route without a body
 * schema ignores what it is sent: many clients declare a type with every request.
 */
export function parseBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) =>
      body.length === 0 ? undefined : parseJson(body),
  )
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    if (request.routeOptions.schema?.body === undefined) return undefined
    throw unsupportedMediaType(request, 'application/json')
  })
}

/** Lets the routes of this plugin also receive JSON merge patches (RFC 7396) under their own media type. */
export function acceptMergePatch(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) =>
      body.length === 0 ? undefined : parseJson(body),
  )
}
