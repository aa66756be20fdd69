import { type TSchema, Type } from '../../http/schema.ts'
import { COLOR_NAMES } from './colors.ts'
import { FILTER_TYPES, type Filter, ORIENTATIONS, TRAITS } from './filter.ts'

const text = (description: string) => Type.Optional(Type.String({ description }))
const number = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const oneOf = (values: readonly string[], description?: string) =>
  Type.Optional(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      description === undefined ? {} : { description },
    ),
  )

/** The parameters of a filter, as the description of the API shows them. `readFilter` checks them. */
export const FilterFields = {
  type: text(`Any of these, with commas between: ${FILTER_TYPES.join(', ')}`),
  tag: text('Tags, all of which it has, with commas between; case does not count'),
  anyTag: text('Tags, any of which it has'),
  notTag: text('Tags, none of which it has'),
  collection: text('Id of a collection, whose sub-collections count; or `none`'),
  has: text(`All of these: ${TRAITS.join(', ')}. \`alt\` counts "" too`),
  lacks: text('None of these; the names are those of `has`'),
  orientation: oneOf(ORIENTATIONS),
  animated: oneOf(['true', 'false']),
  minWidth: number('Pixels'),
  maxWidth: number('Pixels'),
  minHeight: number('Pixels'),
  maxHeight: number('Pixels'),
  minSize: number('Bytes'),
  maxSize: number('Bytes'),
  minRating: Type.Optional(Type.Integer({ minimum: 0, maximum: 5 })),
  added: text(
    'A date or a range in UTC: 2026, 2026-03, 2026-03-14, 2025..2026-03, ..2024, 2026-01..',
  ),
  taken: text('A date or a range, as written in `takenAt`'),
  addedBy: text('Username'),
  color: oneOf(COLOR_NAMES, 'The name nearest to the dominant colour'),
  in: oneOf(['library', 'trash'], 'The trash also needs the permission delete-media'),
} satisfies Record<keyof Filter, TSchema>
