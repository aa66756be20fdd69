/** A server process with one route, which sends the bytes that it was given; see `serveBare`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fastify } from 'fastify'

const [folder = ''] = process.argv.slice(2)
const { status, headers } = JSON.parse(readFileSync(join(folder, 'head.json'), 'utf8'))
const bytes = readFileSync(join(folder, 'body'))
// Handlers that serialise JSON send a string, which is encoded for each response. So does this one.
const isText = String(headers['content-type'] ?? '').startsWith('application/json')
const body = isText ? bytes.toString() : bytes

const app = fastify()
app.get('/*', async (_request, reply) => {
  reply.code(status).headers(headers)
  return reply.send(body.length === 0 ? undefined : body)
})
process.once('SIGTERM', () => process.exit())
console.log(`Bare, listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
