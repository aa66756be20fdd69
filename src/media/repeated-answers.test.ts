import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { answerAtOnce } from '../http/answer-at-once.ts'
import { countVersion } from './library.ts'
import { createRepeatedAnswers } from './repeated-answers.ts'

const HOUR = 60 * 60_000

/** A route that counts how often it is asked itself; the cookie says until when its session is the same. */
async function openApp(database: Database): Promise<{ app: FastifyInstance; asked: () => number }> {
  const answers = createRepeatedAnswers(database)
  const app = fastify()
  onTestFinished(() => app.close())
  let asked = 0
  app.decorateRequest('user', null)
  answerAtOnce(app, () => ({ 'x-always': 'yes' }))
  app.addHook('onRequest', async (request) => {
    const sameUntil = Number(request.headers.cookie ?? 0)
    request.user = { id: 1, username: 'a', roles: [], permissions: [], sessionId: 's', sameUntil }
  })
  app.get('/', { config: { access: 'public', atOnce: answers.recall } }, async (request, reply) => {
    asked += 1
    const isKnown = request.headers['if-none-match'] === '"a"'
    const body = Buffer.from(isKnown ? '' : `answer ${asked}`)
    reply.code(isKnown ? 304 : 200).headers({ etag: '"a"', 'x-request-id': request.id })
    answers.remember(request, reply, body)
    return isKnown ? reply.send() : body
  })
  return { app, asked: () => asked }
}

const later = () => String(Date.now() + HOUR)

describe('an answer to a request like one before', () => {
  it('is the same, from memory, with an id of its own', async () => {
    const { app, asked } = await openApp(await openTemporaryDatabase())
    const headers = { cookie: later() }
    const first = await app.inject({ url: '/?a', headers })
    const again = await app.inject({ url: '/?a', headers })
    expect(again.body).toBe(first.body)
    expect(again.headers).toMatchObject({ etag: '"a"', 'x-always': 'yes', 'content-length': '8' })
    expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id'])
    expect(asked()).toBe(1)

    const conditional = { ...headers, 'if-none-match': '"a"' }
    expect((await app.inject({ url: '/?a', headers: conditional })).statusCode).toBe(304)
    const unchanged = await app.inject({ url: '/?a', headers: conditional })
    expect(unchanged).toMatchObject({ statusCode: 304, body: '' })
    expect(asked()).toBe(2)
  })

  it('is made anew for another address, another cookie, or a token', async () => {
    const { app, asked } = await openApp(await openTemporaryDatabase())
    const cookie = later()
    await app.inject({ url: '/?a', headers: { cookie } })
    await app.inject({ url: '/?b', headers: { cookie } })
    await app.inject({ url: '/?a', headers: { cookie: `${cookie}0` } })
    await app.inject({ url: '/?a', headers: { cookie, authorization: 'Bearer x' } })
    await app.inject({ url: '/?a', headers: { cookie, origin: 'http://a.example' } })
    await app.inject({ method: 'HEAD', url: '/?a', headers: { cookie } })
    expect(asked()).toBe(6)
  })

  it('is made anew once the session may be another', async () => {
    const { app, asked } = await openApp(await openTemporaryDatabase())
    const headers = { cookie: String(Date.now() - 1) }
    await app.inject({ url: '/', headers })
    await app.inject({ url: '/', headers })
    expect(asked()).toBe(2)
  })

  it('is made anew after anything was written', async () => {
    const database = await openTemporaryDatabase()
    const { app, asked } = await openApp(database)
    const headers = { cookie: later() }
    await app.inject({ url: '/', headers })
    await database.write(countVersion)
    await app.inject({ url: '/', headers })
    await app.inject({ url: '/', headers })
    expect(asked()).toBe(2)
  })

  it('is not remembered if something was written while it was made', async () => {
    const database = await openTemporaryDatabase()
    const answers = createRepeatedAnswers(database)
    const app = fastify()
    onTestFinished(() => app.close())
    app.decorateRequest('user', null)
    answerAtOnce(app, () => ({}))
    let asked = 0
    app.get(
      '/',
      { config: { access: 'public', atOnce: answers.recall } },
      async (request, reply) => {
        asked += 1
        const sameUntil = Date.now() + HOUR
        request.user = {
          id: 1,
          username: 'a',
          roles: [],
          permissions: [],
          sessionId: 's',
          sameUntil,
        }
        if (asked === 1) await database.write(countVersion)
        answers.remember(request, reply, Buffer.from('x'))
        return 'x'
      },
    )
    for (let turn = 0; turn < 3; turn++) await app.inject({ url: '/' })
    expect(asked).toBe(2)
  })
})
