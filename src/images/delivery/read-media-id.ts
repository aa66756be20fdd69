import { mediaNotFound } from '../../base/errors.ts'
import { readId } from '../../http/read-id.ts'

/** @throws AppError 404 unless it has the form of an id */
export function readMediaId(text: string): number {
  const id = readId(text)
  if (id === undefined) throw mediaNotFound('An id is a whole number from 1 on.')
  return id
}
