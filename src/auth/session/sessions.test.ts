import { describe, expect, it } from 'vitest'
import { setDisabled, setPassword, setRole } from '../accounts/accounts.ts'
import { createTestApp, DAY, MINUTE } from '../test-app.ts'
import { hashToken } from './refresh-tokens.ts'
import { purgeExpired } from './sessions.ts'

type TestApp = Awaited<ReturnType<typeof createTestApp>>

/** Calls `GET /auth/me` and returns the status and the new cookie, if there is one. */
async function callMe({ get }: TestApp, token: string) {
  const response = await get('/auth/me', token)
  return { status: response.statusCode, renewed: response.cookies[0]?.value }
}

/** A session whose first token was replaced by a second one that has not been used yet. */
async function startRotatedSession() {
  const test = await createTestApp()
  const { token: first, accessToken } = await test.signIn('vera')
  test.clock.advance(11 * MINUTE)
  const { renewed: second = '' } = await callMe(test, first)
  return { test, first, second, accessToken }
}

const statusOf = async ({ get }: TestApp, token: string, url = '/media') =>
  (await get(url, token)).statusCode

describe('rotation', () => {
  it('replaces a token that is older than ten minutes, at GET /auth/me', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('vera')
    test.clock.advance(10 * MINUTE)
    expect(await callMe(test, token)).toEqual({ status: 200, renewed: undefined })

    test.clock.advance(1)
    const { renewed = '' } = await callMe(test, token)
    expect(renewed).toMatch(/^[\w-]{43}$/)
    expect(renewed).not.toBe(token)
    expect(await callMe(test, renewed)).toEqual({ status: 200, renewed: undefined })

    test.clock.advance(11 * MINUTE)
    expect((await callMe(test, renewed)).renewed).toMatch(/^[\w-]{43}$/)
  })

  it('happens on no other route', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('vera')
    test.clock.advance(2 * DAY)
    for (const url of ['/media', '/session', '/public', '/nothing']) {
      expect((await test.get(url, token)).headers['set-cookie']).toBeUndefined()
    }
    const cookies = { refreshToken: token }
    const head = await test.app.inject({ method: 'HEAD', url: '/auth/me', cookies })
    expect(head.headers['set-cookie']).toBeUndefined()
  })

  it('keeps tokens only as hashes, and successors sealed', async () => {
    const { test, first, second } = await startRotatedSession()
    const rows = await test.database.read.selectFrom('refresh_tokens').selectAll().execute()
    expect(rows.map((row) => row.hash).sort()).toEqual([hashToken(first), hashToken(second)].sort())
    expect(JSON.stringify(rows)).not.toContain(first)
    expect(JSON.stringify(rows)).not.toContain(second)
    expect(rows.find((row) => row.hash === hashToken(first))?.successor_sealed).toHaveLength(43)
  })

  it('keeps the old token valid until one minute after the first use of the new one', async () => {
    const { test, first, second } = await startRotatedSession()
    test.clock.advance(3 * DAY)
    expect(await statusOf(test, first)).toBe(200)
    expect(await statusOf(test, second)).toBe(200)
    test.clock.advance(MINUTE)
    expect(await statusOf(test, second)).toBe(200)
    expect(await statusOf(test, first)).toBe(200)
    test.clock.advance(1)
    expect(await statusOf(test, second)).toBe(200)
    expect(await statusOf(test, first)).toBe(401)
  })

  it.each(['/media', '/session', '/auth/me'])('ends the session at a replay on %s', async (url) => {
    const { test, first, second, accessToken } = await startRotatedSession()
    await statusOf(test, second)
    test.clock.advance(MINUTE + 1)
    expect((await test.getWithAccessToken('/media', accessToken)).statusCode).toBe(200)

    expect(await statusOf(test, first, url)).toBe(401)
    expect(await statusOf(test, second)).toBe(401)
    expect((await test.getWithAccessToken('/media', accessToken)).statusCode).toBe(401)
    const { token } = await test.signIn('vera')
    expect(await statusOf(test, token)).toBe(200)
  })

  it('recognises a replay of any token of the chain, however old', async () => {
    const { test, first, second } = await startRotatedSession()
    test.clock.advance(11 * MINUTE)
    const { renewed: third = '' } = await callMe(test, second)
    expect(await statusOf(test, third)).toBe(200)
    test.clock.advance(6 * DAY)
    expect(await statusOf(test, third)).toBe(200)
    await purgeExpired(test.database)
    expect(await statusOf(test, first)).toBe(401)
    expect(await statusOf(test, third)).toBe(401)
  })

  it('leaves other sessions of the user alone', async () => {
    const { test, first, second } = await startRotatedSession()
    const { token: elsewhere } = await test.signIn('vera')
    await statusOf(test, second)
    test.clock.advance(MINUTE + 1)
    expect(await statusOf(test, first)).toBe(401)
    expect(await statusOf(test, elsewhere)).toBe(200)
  })
})

describe('clients that behave well', () => {
  it('stay signed in with one cookie for days, on every route', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('vera')
    for (let hours = 0; hours < 6 * 24; hours++) {
      test.clock.advance(60 * MINUTE)
      expect(await statusOf(test, token)).toBe(200)
      expect((await callMe(test, token)).status).toBe(200)
    }
  })

  it('get the same new token from twenty parallel calls of GET /auth/me', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('vera')
    test.clock.advance(11 * MINUTE)
    const answers = await Promise.all(Array.from({ length: 20 }, () => callMe(test, token)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    const renewed = new Set(answers.map((answer) => answer.renewed))
    expect(renewed.size).toBe(1)
    expect(renewed).not.toContain(undefined)

    // Each token that was returned works for days.
    for (let day = 0; day < 3; day++) {
      for (const answer of answers) expect(await statusOf(test, answer.renewed ?? '')).toBe(200)
      test.clock.advance(DAY)
    }
  })

  it('may call GET /auth/me in any order from windows that share a cookie jar', async () => {
    const test = await createTestApp()
    let jar = (await test.signIn('vera')).token
    for (let round = 0; round < 50; round++) {
      test.clock.advance(round % 3 === 0 ? 11 * MINUTE : 20_000)
      const answers = await Promise.all([callMe(test, jar), callMe(test, jar), callMe(test, jar)])
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
      for (const { renewed } of answers) jar = renewed ?? jar
    }
  })

  it('get the newest token of the chain for an earlier token', async () => {
    const { test, first, second } = await startRotatedSession()
    test.clock.advance(11 * MINUTE)
    const { renewed: third } = await callMe(test, second)
    expect(third).not.toBe(second)
    expect(await callMe(test, first)).toEqual({ status: 200, renewed: third })
  })

  it('keep a token that was just returned again', async () => {
    const { test, first, second } = await startRotatedSession()
    test.clock.advance(DAY)
    expect(await callMe(test, first)).toEqual({ status: 200, renewed: second })
    expect(await callMe(test, second)).toEqual({ status: 200, renewed: undefined })
    test.clock.advance(10 * MINUTE + 1)
    expect((await callMe(test, second)).renewed).toBeDefined()
  })

  it('stay signed in if the response with the new token was lost', async () => {
    const { test, first } = await startRotatedSession()
    test.clock.advance(DAY)
    const { renewed = '' } = await callMe(test, first)
    expect(await statusOf(test, renewed)).toBe(200)
  })
})

describe('a session ends', () => {
  it('after seven days without use', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('vera')
    test.clock.advance(7 * DAY - 1)
    expect(await statusOf(test, token)).toBe(200)
    test.clock.advance(7 * DAY)
    expect(await statusOf(test, token)).toBe(401)
  })

  it('after 90 days in any case', async () => {
    const test = await createTestApp()
    let { token } = await test.signIn('vera')
    for (let day = 0; day < 89; day++) {
      test.clock.advance(DAY)
      token = (await callMe(test, token)).renewed ?? token
    }
    test.clock.advance(DAY - 1)
    const { statusCode, cookies, json } = await test.get('/auth/me', token)
    expect(statusCode).toBe(200)
    expect(cookies[0]?.maxAge).toBe(1)
    const { accessToken } = json()
    test.clock.advance(1)
    expect(await statusOf(test, token)).toBe(401)
    expect((await test.getWithAccessToken('/media', accessToken)).statusCode).toBe(401)
  })

  it('at POST /auth/logout, for the access token too', async () => {
    const test = await createTestApp()
    const { token, accessToken } = await test.signIn('vera')
    const { token: elsewhere } = await test.signIn('vera')
    const logout = () =>
      test.app.inject({ method: 'POST', url: '/auth/logout', cookies: { refreshToken: token } })

    const response = await logout()
    expect(response.json()).toEqual({ data: 'Logged out', code: 200 })
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['set-cookie']).toBe(
      'refreshToken=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Strict',
    )
    expect((await logout()).statusCode).toBe(401)
    expect(await statusOf(test, token)).toBe(401)
    expect((await test.getWithAccessToken('/media', accessToken)).statusCode).toBe(401)
    expect(await statusOf(test, elsewhere)).toBe(200)
  })

  it.each([
    ['the account is disabled', (test: TestApp) => setDisabled(test.database, 'vera', true)],
    ['the password is set', (test: TestApp) => setPassword(test.database, 'vera', 'another one')],
  ])('when %s', async (_what, change) => {
    const test = await createTestApp()
    const { token, accessToken } = await test.signIn('vera')
    const { token: other } = await test.signIn('ed')
    await change(test)
    expect(await statusOf(test, token)).toBe(401)
    expect((await test.getWithAccessToken('/media', accessToken)).statusCode).toBe(401)
    expect(await statusOf(test, other)).toBe(200)
  })
})

it('checks whether the account itself is disabled', async () => {
  const test = await createTestApp()
  const { token, accessToken } = await test.signIn('vera')
  await test.database.write((trx) => trx.updateTable('users').set({ disabled: 1 }).execute())
  expect(await statusOf(test, token)).toBe(401)
  expect((await test.getWithAccessToken('/media', accessToken)).statusCode).toBe(401)
})

it('looks up role and permissions at each request, for cookie and access token', async () => {
  const test = await createTestApp()
  const { token, accessToken } = await test.signIn('ed')
  const edit = async () => {
    const request = { method: 'POST', url: '/media/edit' } as const
    const headers = { authorization: `Bearer ${accessToken}` }
    const answers = await Promise.all([
      test.app.inject({ ...request, cookies: { refreshToken: token } }),
      test.app.inject({ ...request, headers }),
    ])
    return answers.map((answer) => answer.statusCode)
  }
  expect(await edit()).toEqual([200, 200])

  await setRole(test.database, 'ed', 'viewer')
  expect(await edit()).toEqual([403, 403])
  expect((await test.get('/auth/me', token)).json().user).toMatchObject({
    roles: ['viewer'],
    permissions: ['view-media'],
  })

  await setRole(test.database, 'ed', 'editor')
  expect(await edit()).toEqual([200, 200])
  await test.database.write((trx) =>
    trx.deleteFrom('role_permissions').where('permission', '=', 'edit-media').execute(),
  )
  expect(await edit()).toEqual([403, 403])
})

describe('the database records', () => {
  const lastUse = async ({ database }: TestApp) => {
    const rows = await database.read.selectFrom('sessions').select('last_used_at').execute()
    return rows[0]?.last_used_at
  }

  it('the last use, at most once a minute', async () => {
    const test = await createTestApp()
    const { token, accessToken } = await test.signIn('vera')
    const start = test.clock()
    test.clock.advance(MINUTE)
    await statusOf(test, token)
    expect(await lastUse(test)).toBe(start)
    test.clock.advance(1)
    await Promise.all(Array.from({ length: 5 }, () => statusOf(test, token)))
    expect(await lastUse(test)).toBe(start + MINUTE + 1)
    test.clock.advance(MINUTE + 1)
    await test.getWithAccessToken('/media', accessToken)
    expect(await lastUse(test)).toBe(start + 2 * MINUTE + 2)
  })

  it('the first use of a token, once', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('vera')
    const firstUse = async () => {
      const rows = await test.database.read.selectFrom('refresh_tokens').selectAll().execute()
      return rows[0]?.first_used_at
    }
    expect(await firstUse()).toBeNull()
    const start = test.clock()
    await statusOf(test, token)
    test.clock.advance(DAY)
    await statusOf(test, token)
    expect(await firstUse()).toBe(start)
  })
})

it('purges tokens of sessions that are over, and keeps known addresses for 90 days', async () => {
  const test = await createTestApp()
  const { token: idle } = await test.signIn('vera')
  const { token: ended } = await test.signIn('vera')
  await test.app.inject({
    method: 'POST',
    url: '/auth/logout',
    cookies: { refreshToken: ended },
  })
  const count = async (table: 'sessions' | 'refresh_tokens') => {
    const rows = await test.database.read.selectFrom(table).selectAll().execute()
    return rows.length
  }
  await purgeExpired(test.database)
  expect([await count('sessions'), await count('refresh_tokens')]).toEqual([2, 1])
  expect(await statusOf(test, idle)).toBe(200)

  test.clock.advance(8 * DAY)
  await purgeExpired(test.database)
  expect([await count('sessions'), await count('refresh_tokens')]).toEqual([2, 0])

  test.clock.advance(83 * DAY)
  await purgeExpired(test.database)
  expect(await count('sessions')).toBe(0)
})
