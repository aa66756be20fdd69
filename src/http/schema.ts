import type TypeBox from 'typebox'

export type { Static, TSchema } from 'typebox'

const OPTIONAL = Symbol('optional')

type Schema = Readonly<Record<string, unknown>> & { [OPTIONAL]?: true }

/**
 * JSON Schemas for routes, with the types of TypeBox. Besides these few constructors, TypeBox has a compiler
 * for types. Loading it would take a fifth of every start, and 15 MB.
 */
export const Type = {
  Object: (properties: Readonly<Record<string, Schema>>, options?: Schema) => {
    const required = Object.keys(properties).filter((name) => !properties[name]?.[OPTIONAL])
    return {
      type: 'object',
      ...(required.length > 0 && { required }),
      properties,
      ...options,
    }
  },
  Array: (items: Schema, options?: Schema) => ({ type: 'array', items, ...options }),
  String: (options?: Schema) => ({ type: 'string', ...options }),
  Integer: (options?: Schema) => ({ type: 'integer', ...options }),
  Number: (options?: Schema) => ({ type: 'number', ...options }),
  Boolean: (options?: Schema) => ({ type: 'boolean', ...options }),
  Null: (options?: Schema) => ({ type: 'null', ...options }),
  Literal: (value: string | number | boolean, options?: Schema) => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Union: (anyOf: readonly Schema[], options?: Schema) => ({ anyOf, ...options }),
  Unsafe: (schema: Schema) => ({ ...schema }),
  /** Marks a property that may be missing. */
  Optional: (schema: Schema) => ({ ...schema, [OPTIONAL]: true }),
} as unknown as Pick<
  typeof TypeBox,
  | 'Object'
  | 'Array'
  | 'String'
  | 'Integer'
  | 'Number'
  | 'Boolean'
  | 'Null'
  | 'Literal'
  | 'Union'
  | 'Unsafe'
  | 'Optional'
>
