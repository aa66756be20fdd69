import createClient from 'openapi-fetch'
import { at } from './base'
import type { paths } from './schema'

/** Client of the server's API. The browser adds the session cookie. */
export const api = createClient<paths>({ baseUrl: location.origin + at('/') })

type Body<T> = T extends { content: { 'application/json': infer B } } ? B : never
export type MediaList = Body<paths['/media']['get']['responses'][200]>
export type Collection = Body<paths['/collections']['get']['responses'][200]>['collections'][number]
export type MediaItem = MediaList['media'][number]
export type LibraryStatistics = Body<paths['/media/statistics']['get']['responses'][200]>
export type User = Body<paths['/auth/me']['get']['responses'][200]>['user']

export type AuditAction = NonNullable<
  NonNullable<paths['/audit']['get']['parameters']['query']>['action']
>

/** The members of a refusal besides its message and status. */
interface Explained {
  detail?: string | undefined
  error?: string | undefined
}

/** An unsuccessful response, with the message, detail and code that the server gave. */
export class ApiError extends Error {
  readonly status: number
  readonly detail: string | undefined
  /** Stable code of the error, such as `media-not-found`. */
  readonly code: string | undefined

  constructor(status: number, message: string, { detail, error }: Explained = {}) {
    super(message)
    this.status = status
    this.detail = detail
    this.code = error
  }
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/**
 * Awaits a call of the API.
 * @returns the body and the headers of a successful response
 * @throws ApiError if the server refused it; TypeError if the server could not be reached
 */
export async function call<T>(answer: Promise<Answer<T>>): Promise<{ data: T; headers: Headers }> {
  const { data, error, response } = await answer
  if (response.ok) return { data: data as T, headers: response.headers }
  const body = (error ?? {}) as Explained & { data?: string }
  throw new ApiError(response.status, body.data ?? response.statusText, body)
}
