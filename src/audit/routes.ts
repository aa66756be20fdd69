import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { parametersInvalid, quote } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import { type Query, readInteger, readText } from '../http/query-parameters.ts'
import { Type } from '../http/schema.ts'
import { AuditEntry, findGone, parseTime, readAudit, toEntry } from './read.ts'
import { type AuditAction, auditActions, isAuditAction } from './record.ts'

const AuditPage = Type.Object(
  {
    entries: Type.Array(AuditEntry, { description: 'The newest first' }),
    gone: Type.Array(Type.Integer(), {
      description: 'Ids of the images of these entries that are not in the library any more',
    }),
    next: Type.Union([Type.Integer(), Type.Null()], {
      description:
        'Value of `before` for the next page; null at the end. A page that is not full may have a next page.',
    }),
  },
  { title: 'AuditPage' },
)

/** The route that shows the audit trail to administrators. */
export const auditRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (
  app,
  { database },
) => {
  app.get(
    '/audit',
    {
      config: {
        access: 'manage-accounts',
        failure: 'Error reading the audit trail',
        refusals: { 400: 'Invalid parameters' },
      },
      schema: {
        summary: 'Who did what, when and from where',
        tags: ['accounts'],
        querystring: Type.Object({
          before: Type.Optional(Type.String({ description: 'Only entries with a smaller id' })),
          limit: Type.Optional(Type.String({ description: '1 to 1000; 100 if absent' })),
          since: Type.Optional(Type.String({ description: 'ISO 8601' })),
          user: Type.Optional(
            Type.String({ description: 'Done by the account of this name, or to it' }),
          ),
          action: Type.Optional(Type.String({ enum: [...auditActions] })),
          subject: Type.Optional(Type.String({ description: 'Like `media:12`' })),
        }),
        response: { 200: AuditPage },
      },
    },
    async (request, reply) => {
      const query = request.query as Query
      reply.header('cache-control', 'no-store')
      const { rows, next } = await readAudit(database.read, {
        before: readInteger(query, 'before', { fallback: Number.MAX_SAFE_INTEGER, min: 1 }),
        limit: readInteger(query, 'limit', { fallback: 100, min: 1, max: 1000 }),
        since: readTime(query, 'since'),
        user: readText(query, 'user'),
        action: readAction(readText(query, 'action')),
        subject: readText(query, 'subject'),
      })
      return { entries: rows.map(toEntry), gone: await findGone(database.read, rows), next }
    },
  )
}

function readTime(query: Query, name: string): number | undefined {
  const text = readText(query, name)
  if (text === undefined) return undefined
  const time = parseTime(text)
  if (time !== undefined) return time
  throw parametersInvalid(`${name} is ${quote(text)}; it must be like 2026-01-20T18:22:10Z.`)
}

/** @throws AppError 400 "Invalid parameters" */
function readAction(text: string | undefined): AuditAction | undefined {
  if (text === undefined || isAuditAction(text)) return text
  throw parametersInvalid(`action is ${quote(text)}; it must be one of ${auditActions.join(', ')}.`)
}
