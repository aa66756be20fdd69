import { createRequire } from 'node:module'
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import { quote } from '../../base/errors.ts'

const require = createRequire(import.meta.url)

/** Values of these fields are never repeated. */
const SECRET_FIELD = /password|token|secret/i

/**
 * Checks bodies against their schemas without changing them: nothing is converted, added or removed. Queries
 * and parameters are texts that the routes read themselves; their schemas only describe them.
 */
export const validateBodies: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  if (httpPart !== 'body') return () => true
  let validator: ReturnType<typeof compile> | undefined
  return (body: unknown) => {
    validator ??= compile(schema)
    if (validator.Check(body)) return { value: body }
    const [, errors] = validator.Errors(body)
    return { error: Object.assign(new Error('invalid body'), { validation: errors }) }
  }
}

/** Loads the compiler for the first body: at the start it would take a tenth of the time. */
function compile(schema: object) {
  // `import` is asynchronous, and Fastify ignores the result of an asynchronous check.
  const typebox = require('typebox/schema') as typeof import('typebox/schema')
  return typebox.Compile(schema)
}

/**
 * Names the members of a body that its route does not know, if the schema forbids them. Each may be a
 * misspelt member, and without the right one the request may mean every item.
 */
export function describeUnknown(
  errors: readonly FastifySchemaValidationError[],
  schema: unknown,
): string | undefined {
  const found = errors.find(({ keyword }) => keyword === 'additionalProperties')
  const unknown = found?.params.additionalProperties
  if (!Array.isArray(unknown)) return undefined
  const properties = schema instanceof Object && 'properties' in schema ? schema.properties : {}
  const names = unknown.map((name) => quote(name)).join(', ')
  const is = unknown.length === 1 ? 'is not a member' : 'are not members'
  const members = Object.keys(properties ?? {})
  const right = members.length > 0 ? `its members are ${members.join(', ')}` : 'it has none'
  return `${names} ${is} of this body; ${right}.`
}

/**
 * Says what is wrong with a body, in one sentence: `name must be a string, and is 5.`
 * @param errors of one body, in the form of JSON Schema validators
 */
export function describeInvalid(
  errors: readonly FastifySchemaValidationError[],
  body: unknown,
): string {
  const missing = errors.find(({ keyword }) => keyword === 'required')
  if (missing) return `${nameMissing(missing)} is missing.`

  // If the schema has alternatives, the error deepest in the body fits best what the client meant.
  const deepest = Math.max(...errors.map(({ instancePath }) => depthOf(instancePath)))
  const path =
    errors.find(({ instancePath }) => depthOf(instancePath) === deepest)?.instancePath ?? ''
  const here = errors.filter(({ instancePath }) => instancePath === path)
  const types = here.filter(({ keyword }) => keyword === 'type').map(({ params }) => params.type)
  const right =
    types.length > 0
      ? `must be ${types.map((type) => `${article(String(type))} ${type}`).join(' or ')}`
      : (here[0]?.message ?? 'is not valid')
  return `${nameOf(path)} ${right}${describeValue(path, body)}.`
}

function nameMissing({ instancePath, params }: FastifySchemaValidationError): string {
  const { requiredProperties } = params
  const names = Array.isArray(requiredProperties) ? requiredProperties.map(String) : []
  return nameOf(names.length > 0 ? `${instancePath}/${names[0]}` : instancePath)
}

const depthOf = (path: string) => path.split('/').length

/** `/tags/0` is `tags[0]`. */
function nameOf(path: string): string {
  if (path === '') return 'the body'
  return path
    .slice(1)
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.')
}

const article = (noun: string) => (/^[aeiou]/.test(noun) ? 'an' : 'a')

function describeValue(path: string, body: unknown): string {
  if (SECRET_FIELD.test(path)) return ''
  let value = body
  for (const name of path.split('/').slice(1)) {
    value =
      value instanceof Object ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
  }
  return `, and is ${quote(value)}`
}
