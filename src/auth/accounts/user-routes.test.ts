import { describe, expect, it } from 'vitest'
import { readAudit } from '../../audit/read.ts'
import { createTestApp, PASSWORD } from '../test-app.ts'

type TestApp = Awaited<ReturnType<typeof createTestApp>>

const usersOf = async (test: TestApp, token: string) =>
  (await test.send('GET', '/users', { token })).json()

describe('accounts over HTTP', () => {
  it('are listed, created, changed and deleted, and each change is recorded', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('ada')
    const post = (url: string, body: object) => test.send('POST', url, { token, body })

    const listed = await usersOf(test, token)
    expect(listed.users).toEqual([
      {
        id: 1,
        username: 'vera',
        roles: ['viewer'],
        disabled: false,
        created: '1970-01-01T00:00:00.000Z',
        lastUsed: null,
      },
      expect.objectContaining({ id: 2, username: 'ed' }),
      expect.objectContaining({ id: 3, lastUsed: '2026-01-20T18:22:10.000Z' }),
    ])
    expect(listed.roles.map(({ name }: { name: string }) => name)).toEqual([
      'viewer',
      'editor',
      'admin',
    ])
    expect(JSON.stringify(listed)).not.toMatch(/hash|argon/)

    const body = { username: ' Bob ', password: PASSWORD, role: 'viewer' }
    expect((await post('/users', body)).json()).toMatchObject({
      data: 'User added successfully',
      code: 200,
      user: { id: 4, username: 'bob', roles: ['viewer'], disabled: false },
    })
    expect((await post('/users/4/role', { role: 'editor' })).json()).toMatchObject({
      data: 'User updated successfully',
      user: { id: 4, roles: ['editor'] },
    })
    const bob = await test.signIn('bob')
    expect((await post('/users/4/password', { password: 'given by ada' })).statusCode).toBe(200)
    expect((await test.get('/session', bob.token)).statusCode).toBe(401)
    expect((await test.logIn('bob', PASSWORD)).statusCode).toBe(401)
    expect((await post('/users/4/disabled', { disabled: true })).json()).toMatchObject({
      user: { disabled: true },
    })
    expect((await test.logIn('bob', 'given by ada')).statusCode).toBe(401)
    expect((await post('/users/4/disabled', { disabled: false })).statusCode).toBe(200)
    const again = await test.logIn('bob', 'given by ada')
    expect((await test.send('DELETE', '/users/4', { token })).json()).toEqual({
      data: 'User deleted successfully',
      code: 200,
    })
    expect((await test.get('/session', again.cookies[0]?.value ?? '')).statusCode).toBe(401)
    expect((await test.getWithAccessToken('/session', bob.accessToken)).statusCode).toBe(401)
    // A new user of the same name gets neither the id nor the sessions of the deleted one.
    expect((await post('/users', body)).json().user.id).toBe(5)
    expect((await test.getWithAccessToken('/session', again.json().accessToken)).statusCode).toBe(
      401,
    )

    const { rows } = await readAudit(test.database.read, { limit: 100, user: 'bob' })
    expect(rows.map(({ actor, action, detail }) => [actor, action, detail])).toEqual([
      ['ada', 'account-created', '{"id":5,"role":"viewer"}'],
      ['ada', 'account-removed', '{"id":4}'],
      ['bob', 'signed-in', '{"userAgent":"lightMyRequest"}'],
      ['ada', 'account-enabled', null],
      [null, 'sign-in-failed', '{"wrong":"disabled"}'],
      ['ada', 'account-disabled', '{"sessionsEnded":0,"tokensRevoked":0}'],
      [null, 'sign-in-failed', '{"wrong":"password"}'],
      ['ada', 'password-reset', '{"sessionsEnded":1,"tokensRevoked":0}'],
      ['bob', 'signed-in', '{"userAgent":"lightMyRequest"}'],
      ['ada', 'role-changed', '{"from":["viewer"],"to":"editor"}'],
      ['ada', 'account-created', '{"id":4,"role":"viewer"}'],
    ])
    expect(JSON.stringify(rows)).not.toContain('given by ada')
  })

  it('refuse large bodies', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('ada')
    const long = 'x'.repeat(64 * 1024)
    for (const [url, body] of [
      ['/users', { username: 'bob', password: PASSWORD, role: long }],
      ['/users/1/role', { role: long }],
      ['/users/1/disabled', { disabled: true, reason: long }],
      ['/users/1/password', { password: long }],
    ] as const) {
      expect((await test.send('POST', url, { token, body })).statusCode, url).toBe(413)
    }
  })

  it('refuse invalid changes with a reason, and change nothing', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('ada')
    const before = await usersOf(test, token)
    const good = { username: 'bob', password: PASSWORD, role: 'viewer' }
    const refusals: [method: 'POST' | 'DELETE', url: string, body: object, data: string][] = [
      ['POST', '/users', { ...good, username: 'ADA' }, 'Username taken'],
      ['POST', '/users', { ...good, username: 'a b' }, 'Invalid parameters'],
      ['POST', '/users', { ...good, password: 'short' }, 'Invalid parameters'],
      ['POST', '/users', { ...good, role: 'owner' }, 'Invalid parameters'],
      ['POST', '/users', { ...good, username: ' ' }, 'Required parameters missing'],
      ['POST', '/users', { username: 'bob', role: 'viewer' }, 'Required parameters missing'],
      ['POST', '/users/9/role', { role: 'viewer' }, 'User not found'],
      ['POST', '/users/x/role', { role: 'viewer' }, 'Required parameters missing'],
      ['POST', '/users/1/disabled', { disabled: 'yes' }, 'Required parameters missing'],
      ['POST', '/users/3/role', { role: 'editor' }, 'Last administrator'],
      ['POST', '/users/3/disabled', { disabled: true }, 'Last administrator'],
      ['DELETE', '/users/3', {}, 'Last administrator'],
      ['DELETE', '/users/9', {}, 'User not found'],
      ['DELETE', '/users/9/sessions', {}, 'User not found'],
      ['DELETE', '/users/1/sessions/none', {}, 'Session not found'],
      ['DELETE', '/users/1/tokens/1', {}, 'Token not found'],
    ]
    for (const [method, url, body, data] of refusals) {
      const answer = await test.send(method, url, { token, ...(method === 'POST' && { body }) })
      expect(answer.json()).toEqual({
        data,
        code: answer.statusCode,
        error: expect.stringMatching(/^[a-z]+(-[a-z]+)+$/),
        detail: expect.not.stringContaining(PASSWORD),
      })
    }
    expect(await usersOf(test, token)).toEqual(before)
  })

  it('keep one administrator if two of them demote each other at the same time', async () => {
    const test = await createTestApp()
    const ada = await test.signIn('ada')
    await test.send('POST', '/users/2/role', { token: ada.token, body: { role: 'admin' } })
    const ed = await test.signIn('ed')
    const attempts = await Promise.all([
      test.send('DELETE', '/users/2', { token: ada.token }),
      test.send('POST', '/users/3/disabled', { token: ed.token, body: { disabled: true } }),
      test.send('POST', '/users/3/role', { token: ed.token, body: { role: 'viewer' } }),
    ])
    expect(attempts.filter(({ statusCode }) => statusCode === 200)).not.toHaveLength(3)
    const admins = await test.database.read
      .selectFrom('users')
      .innerJoin('user_roles', 'user_roles.user_id', 'users.id')
      .select('username')
      .where('role', '=', 'admin')
      .where('disabled', '=', 0)
      .execute()
    expect(admins).toHaveLength(1)
  })

  it('show their sessions, which an administrator can end', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('ada')
    const first = await test.signIn('vera')
    const second = await test.signIn('vera')
    const { sessions } = (await test.send('GET', '/users/1/sessions', { token })).json()
    expect(sessions).toHaveLength(2)
    const [own] = (await test.send('GET', '/users/3/sessions', { token })).json().sessions
    expect(own.current).toBe(true)
    // A session can be ended only under its own account.
    const wrong = await test.send('DELETE', `/users/2/sessions/${sessions[0].id}`, { token })
    expect(wrong.statusCode).toBe(404)
    for (const { id } of sessions) {
      await test.send('DELETE', `/users/1/sessions/${id}`, { token })
    }
    const third = await test.signIn('vera')
    expect((await test.send('DELETE', '/users/1/sessions', { token })).statusCode).toBe(200)
    for (const { token } of [first, second, third]) {
      expect((await test.get('/session', token)).statusCode).toBe(401)
    }
  })
})

it('a refused user is recorded once a minute', async () => {
  const test = await createTestApp()
  const { token } = await test.signIn('vera')
  const refuse = () => test.send('GET', '/users', { token })
  for (let time = 0; time < 5; time++) expect((await refuse()).statusCode).toBe(403)
  const foreign = await test.app.inject({
    method: 'POST',
    url: '/auth/logout',
    cookies: { refreshToken: token },
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  expect(foreign.statusCode).toBe(403)
  const refusals = async () =>
    (await readAudit(test.database.read, { limit: 100, action: 'refused' })).rows
  expect(await refusals()).toMatchObject([
    {
      actor: 'vera',
      detail: '{"method":"POST","route":"/auth/logout","needs":"session"}',
    },
    {
      actor: 'vera',
      account_id: '1',
      network: '127.0.0.1',
      detail: '{"method":"GET","route":"/users","needs":"manage-accounts"}',
    },
  ])
  test.clock.advance(60_000)
  await refuse()
  expect(await refusals()).toHaveLength(3)
})
