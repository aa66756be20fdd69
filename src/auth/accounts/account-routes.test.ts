import { describe, expect, it } from 'vitest'
import { readAudit } from '../../audit/read.ts'
import { verifyPassword } from '../sign-in/passwords.ts'
import { createTestApp, DAY, MINUTE, PASSWORD } from '../test-app.ts'

const NEW_PASSWORD = 'another good password'

type TestApp = Awaited<ReturnType<typeof createTestApp>>

const change = (test: TestApp, token: string, currentPassword: string, password = NEW_PASSWORD) =>
  test.send('POST', '/auth/password', { token, body: { currentPassword, password } })

describe('one’s own password', () => {
  it('is changed with the current one, and all other sessions end', async () => {
    const test = await createTestApp()
    const here = await test.signIn('vera')
    const there = await test.signIn('vera')
    const ed = await test.signIn('ed')
    expect((await change(test, here.token, 'not my password')).json()).toMatchObject({
      data: 'Invalid credentials',
      code: 403,
    })
    expect((await change(test, here.token, PASSWORD, 'short')).json()).toMatchObject({
      data: 'Invalid parameters',
      code: 400,
      error: 'password-invalid',
    })
    expect((await test.get('/session', there.token)).statusCode).toBe(200)

    expect((await change(test, here.token, PASSWORD)).json()).toEqual({
      data: 'Password changed',
      code: 200,
    })
    expect((await test.get('/session', here.token)).statusCode).toBe(200)
    expect((await test.get('/session', there.token)).statusCode).toBe(401)
    expect((await test.getWithAccessToken('/session', there.accessToken)).statusCode).toBe(401)
    expect((await test.get('/session', ed.token)).statusCode).toBe(200)
    expect((await test.logIn('vera', PASSWORD)).statusCode).toBe(401)
    expect((await test.logIn('vera', NEW_PASSWORD)).statusCode).toBe(200)
  })

  it('cannot be guessed with a stolen session, not even from many addresses', async () => {
    const checks: string[] = []
    const verify = async (password: string) => {
      checks.push(password)
      return password === PASSWORD
    }
    const test = await createTestApp({ verify })
    const { token } = await test.signIn('vera')
    checks.length = 0
    const guess = (index: number) =>
      test.app.inject({
        method: 'POST',
        url: '/auth/password',
        remoteAddress: `198.51.100.${index}`,
        cookies: { refreshToken: token },
        payload: { currentPassword: `guess ${index}`, password: NEW_PASSWORD },
      })
    for (let index = 1; index <= 20; index++) {
      // Long enough that the address is recorded as one that the account was used from.
      if (index < 8) test.clock.advance(MINUTE + 1)
      expect((await guess(index)).statusCode).toBe(403)
    }
    const last = await guess(21)
    expect(last.statusCode).toBe(429)
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0)
    expect(checks).toHaveLength(20)
    // The owner can still sign in.
    expect((await test.logIn('vera', PASSWORD)).statusCode).toBe(200)
  })

  it('is not changed if an administrator resets it during the check', async () => {
    let interrupt = async () => {}
    const test = await createTestApp({
      verify: async (...passwords) => {
        const isRight = await verifyPassword(...passwords)
        await interrupt()
        return isRight
      },
    })
    const { token } = await test.signIn('vera')
    const ada = await test.signIn('ada')
    const body = { password: 'given by the administrator' }
    interrupt = async () => {
      interrupt = async () => {}
      await test.send('POST', '/users/1/password', { token: ada.token, body })
    }
    // The reset has ended the session, too.
    expect((await change(test, token, PASSWORD)).statusCode).toBe(401)
    expect((await test.logIn('vera', body.password)).statusCode).toBe(200)
  })
})

describe('one’s own sessions', () => {
  it('are listed, and ended one by one or all others at once', async () => {
    const test = await createTestApp()
    const elsewhere = await test.app.inject({
      method: 'POST',
      url: '/auth/login',
      remoteAddress: '2001:db8::5',
      headers: { 'user-agent': 'Browser/1 (Phone)' },
      payload: { username: 'vera', password: PASSWORD },
    })
    const phone = elsewhere.cookies[0]?.value ?? ''
    test.clock.advance(DAY)
    const here = await test.signIn('vera')
    const ed = await test.signIn('ed')

    const list = async (token: string) =>
      (await test.send('GET', '/auth/sessions', { token })).json()
    const { sessions } = await list(here.token)
    expect(sessions).toEqual([
      {
        id: expect.any(String),
        created: '2026-01-21T18:22:10.000Z',
        lastUsed: '2026-01-21T18:22:10.000Z',
        network: '127.0.0.1',
        userAgent: 'lightMyRequest',
        current: true,
      },
      {
        id: expect.any(String),
        created: '2026-01-20T18:22:10.000Z',
        lastUsed: '2026-01-20T18:22:10.000Z',
        network: '2001:db8:0:0::/64',
        userAgent: 'Browser/1 (Phone)',
        current: false,
      },
    ])

    const end = (token: string, id: string) =>
      test.send('DELETE', `/auth/sessions/${id}`, { token })
    const [{ id: edId }] = (await list(ed.token)).sessions
    // Neither a session of another user, nor one that does not exist.
    for (const id of [edId, 'none', '%00']) {
      expect((await end(here.token, id)).json()).toMatchObject({
        data: 'Session not found',
        code: 404,
      })
    }
    expect((await end(here.token, sessions[1].id)).json()).toEqual({
      data: 'Session ended',
      code: 200,
    })
    expect((await test.get('/session', phone)).statusCode).toBe(401)
    expect((await end(here.token, sessions[1].id)).statusCode).toBe(404)

    const third = await test.signIn('vera')
    expect((await test.send('DELETE', '/auth/sessions', { token: here.token })).json()).toEqual({
      data: 'Sessions ended',
      code: 200,
    })
    expect((await test.get('/session', third.token)).statusCode).toBe(401)
    expect((await test.get('/session', here.token)).statusCode).toBe(200)
    expect((await test.get('/session', ed.token)).statusCode).toBe(200)
    expect((await list(here.token)).sessions).toHaveLength(1)

    const { rows } = await readAudit(test.database.read, { limit: 3 })
    expect(rows).toMatchObject([
      { action: 'sessions-ended', actor: 'vera', subject: 'account:vera', detail: '{"count":1}' },
      { action: 'signed-in', actor: 'vera' },
      { action: 'session-ended', actor: 'vera', network: '127.0.0.1' },
    ])
  })
})
