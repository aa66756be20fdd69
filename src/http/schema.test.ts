import TypeBox from 'typebox'
import { expect, it } from 'vitest'
import { Type } from './schema.ts'

/** The schema as JSON, without the marks that TypeBox adds. */
const written = (schema: unknown) => JSON.parse(JSON.stringify(schema))

const make = (types: typeof Type) =>
  types.Object(
    {
      name: types.String({ minLength: 1 }),
      size: types.Optional(types.Integer({ default: 5 })),
      tags: types.Array(types.Union([types.Literal('a'), types.Literal(2)]), { maxItems: 3 }),
      known: types.Optional(types.Boolean()),
      nothing: types.Null({ description: 'Nothing' }),
      any: types.Unsafe<string>({ format: 'binary' }),
      empty: types.Object({}, { additionalProperties: true }),
    },
    { title: 'Thing' },
  )

it('makes the schemas that TypeBox makes', () => {
  expect(written(make(Type))).toEqual(written(make(TypeBox)))
})
