import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { writeAs } from '../audit/record.ts'
import { setDisabled, setRole } from './accounts/accounts.ts'
import { actorOf } from './actor.ts'
import { endAllSessions } from './session/session-list.ts'
import { createTestApp } from './test-app.ts'

/** An app with a route that works in three transactions. `before` sets what happens before one of them. */
async function openWorking() {
  const house = await createTestApp()
  const { app, database } = house
  const done: number[] = []
  let meanwhile = async (_round: number) => {}
  app.post('/work', { config: { access: 'edit-media' } }, async (request) => {
    const by = actorOf(request)
    for (const round of [1, 2, 3]) {
      await meanwhile(round)
      await writeAs(database, by, async () => done.push(round))
    }
    return 'done'
  })
  const before = (round: number, what: () => Promise<unknown>) => {
    meanwhile = async (at) => {
      if (at === round) await what()
    }
  }
  return { ...house, done, before }
}

describe.each(['cookie', 'access token', 'personal token'])('work by %s', (by) => {
  it.each([
    ['the account is disabled', 401],
    ['the permission is withdrawn', 403],
    ['the session or token is ended', 401],
  ])('ends at the next transaction when %s', async (what, status) => {
    const { signIn, send, database, done, before } = await openWorking()
    const { token, accessToken } = await signIn('ed')
    const made = await send('POST', '/auth/tokens', {
      token,
      body: { name: 'a', permissions: ['edit-media'], days: 1 },
    })
    const { secret, token: personal } = made.json()
    const credentials =
      by === 'cookie' ? { token } : { bearer: by === 'access token' ? accessToken : secret }
    expect((await send('POST', '/work', credentials)).statusCode).toBe(200)
    expect(done.splice(0)).toEqual([1, 2, 3])

    before(2, async () => {
      if (what === 'the account is disabled') await setDisabled(database, 'ed', true)
      else if (what === 'the permission is withdrawn') await setRole(database, 'ed', 'viewer')
      else if (by === 'personal token')
        await send('DELETE', `/auth/tokens/${personal.id}`, { token })
      else await endAllSessions(database, 'ed')
    })
    expect((await send('POST', '/work', credentials)).statusCode).toBe(status)
    expect(done).toEqual([1])
  })
})

it('a long response is aborted when its client loses access', async () => {
  const { app, signIn, database } = await createTestApp()
  const body = new Readable({ read() {} })
  body.push('the beginning')
  app.get('/long', { config: { access: 'view-media' } }, async (_request, reply) =>
    reply.send(body),
  )
  const { token } = await signIn('vera')
  const closed = new Promise((resolve) => body.once('close', () => resolve('closed')))
  body.on('error', () => {})
  const answer = app
    .inject({ url: '/long', cookies: { refreshToken: token } })
    .catch(() => 'cut off')
  await setDisabled(database, 'vera', true)
  expect(await closed).toBe('closed')
  await answer
  expect(body.errored).toMatchObject({ status: 401 })
})
