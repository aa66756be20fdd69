import { parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { Type } from '../../http/schema.ts'

/** The most items that one request moves: all in one transaction, in which others wait. */
export const MAX_MOVED = 1000

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** Members of a body that moves items within a collection. */
export const MoveFields = {
  ids: Type.Array(Id, {
    description: `Ids of up to ${MAX_MOVED} items, in the order that they get`,
  }),
  before: Type.Union([
    Type.Integer({ ...Id, description: 'Id of the item that they come before' }),
    Type.Null({ description: 'To the end' }),
  ]),
}

export interface Move {
  /** In the order that they get; none twice. */
  ids: readonly number[]
  /** None of `ids`; null for the end. */
  before: number | null
}

/**
 * Checks what a schema cannot.
 * @param body must conform to `MoveFields`
 * @throws AppError 400
 */
export function readMove({ ids, before }: Move): Move {
  if (ids.length === 0) throw parametersMissing('ids is empty; give at least one id.')
  if (ids.length > MAX_MOVED) {
    throw parametersInvalid(`ids holds ${ids.length} ids; at most ${MAX_MOVED} are allowed.`)
  }
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw parametersInvalid(`ids holds ${twice} twice; give it once.`)
  if (before !== null && ids.includes(before)) {
    throw parametersInvalid(`before is ${before}, which is among ids; give another one, or null.`)
  }
  return { ids, before }
}
