import createClient from 'openapi-fetch'
import { at } from './base'
import type { paths } from './schema'

/** Client of the server's API. The browser adds the session cookie. */
export const api = createClient<paths>({ baseUrl: location.origin + at('/') })

type Body<T> = T extends { content: { 'application/json': infer B } } ? B : never
export type MediaList = Body<paths['/media']['get']['responses'][200]>
export type MediaItem = MediaList['media'][number]
export type User = Body<paths['/auth/me']['get']['responses'][200]>['user']

export type AuditAction = NonNullable<
  NonNullable<paths['/audit']['get']['parameters']['query']>['action']
>

/** An unsuccessful response, with the message and detail that the server gave. */
export class ApiError extends Error {
  readonly status: number
  readonly detail: string | undefined

  constructor(status: number, message: string, detail?: string) {
    super(message)
    this.status = status
    this.detail = detail
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
  const body = (error ?? {}) as { data?: string; detail?: string }
  throw new ApiError(response.status, body.data ?? response.statusText, body.detail)
}
