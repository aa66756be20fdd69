import { describe, expect, it } from 'vitest'
import { readAudit } from '../../audit/read.ts'
import { setDisabled, setPassword } from '../accounts/accounts.ts'
import { createTestApp, DAY, MINUTE, PASSWORD } from '../test-app.ts'
import { verifyPassword } from './passwords.ts'

const WRONG = 'wrong password'

describe('POST /auth/login', () => {
  it('answers the user and an access token, and sets the cookie', async () => {
    const { logIn } = await createTestApp()
    const response = await logIn(' ED ', PASSWORD)
    expect(response.statusCode).toBe(200)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.json()).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      user: {
        id: 2,
        username: 'ed',
        roles: ['editor'],
        permissions: ['view-media', 'edit-media', 'add-media', 'delete-media'],
      },
    })
    expect(response.headers['set-cookie']).toMatch(
      /^refreshToken=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Strict$/,
    )
  })

  it('marks the cookie Secure on HTTPS, if a trusted proxy says so', async () => {
    const { app } = await createTestApp()
    const logIn = async (remoteAddress: string) => {
      const response = await app.inject({
        method: 'POST',
        url: '/auth/login',
        remoteAddress,
        headers: { 'x-forwarded-proto': 'https' },
        payload: { username: 'ed', password: PASSWORD },
      })
      return response.cookies[0]?.secure ?? false
    }
    expect(await logIn('127.0.0.1')).toBe(true)
    expect(await logIn('192.0.2.1')).toBe(false)
  })

  it('answers 400 if a field is missing, blank or of another type', async () => {
    const { app } = await createTestApp()
    const payloads = [
      {},
      { username: 'ed' },
      { password: PASSWORD },
      { username: null, password: PASSWORD },
      { username: 'ed', password: null },
      { username: 5, password: PASSWORD },
      { username: 'ed', password: 5 },
      { username: ['ed'], password: PASSWORD },
      { username: '', password: PASSWORD },
      { username: '  ', password: PASSWORD },
      { username: 'ed', password: '' },
      { username: 'ed', password: ' \t' },
      [],
      null,
    ]
    for (const payload of payloads.map((value) => JSON.stringify(value))) {
      const headers = { 'content-type': 'application/json' }
      const response = await app.inject({ method: 'POST', url: '/auth/login', headers, payload })
      expect.soft(response.statusCode, payload).toBe(400)
      expect.soft(response.json().data, payload).toBe('Required parameters missing')
    }
  })

  it('gives the same answer to an unknown name, a wrong password and a disabled account', async () => {
    const verified: string[] = []
    const { logIn, database } = await createTestApp({
      verify: (password, stored) => {
        verified.push(stored.replace(/\$[^$]*\$[^$]*$/, ''))
        return verifyPassword(password, stored)
      },
    })
    await setDisabled(database, 'vera', true)
    const attempts = [
      ['nobody', PASSWORD],
      ['no such\0name', PASSWORD],
      ['x'.repeat(10_000), PASSWORD],
      ['ed', WRONG],
      ['ed', 'x'.repeat(5000)],
      ['vera', PASSWORD],
      ['vera', WRONG],
    ] as const
    const answers = []
    for (const [username, password] of attempts) answers.push(await logIn(username, password))
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    expect(answers[0]?.json()).toMatchObject({ data: 'Invalid credentials', code: 401 })
    expect(answers.every(({ headers }) => headers['set-cookie'] === undefined)).toBe(true)
    // Every attempt computed a hash of the same cost, so all take about the same time.
    expect(verified).toEqual(Array(attempts.length).fill('$argon2id$v=19$m=19456,t=2,p=1'))
  })

  it('replaces a hash of a lower cost', async () => {
    const { logIn, database, get } = await createTestApp()
    const weak =
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
    const store = (hash: string) =>
      database.write((trx) =>
        trx
          .updateTable('users')
          .set({ password_hash: hash })
          .where('username', '=', 'ed')
          .executeTakeFirst(),
      )
    await store(weak)
    const response = await logIn('ed', 'password')
    expect(response.statusCode).toBe(200)
    const { password_hash } = await database.read
      .selectFrom('users')
      .select('password_hash')
      .where('username', '=', 'ed')
      .executeTakeFirstOrThrow()
    expect(password_hash).toContain('m=19456')
    expect(await verifyPassword('password', password_hash)).toBe(true)
    expect((await get('/media', response.cookies[0]?.value ?? '')).statusCode).toBe(200)
  })

  it('fails if the password is changed or the account disabled during the check', async () => {
    let interrupt = async () => {}
    const { logIn, database } = await createTestApp({
      verify: async (password, stored) => {
        const matches = await verifyPassword(password, stored)
        await interrupt()
        return matches
      },
    })
    interrupt = () => setPassword(database, 'ed', 'another password')
    expect((await logIn('ed', PASSWORD)).statusCode).toBe(401)
    interrupt = () => setDisabled(database, 'vera', true)
    expect((await logIn('vera', PASSWORD)).statusCode).toBe(401)
    const live = await database.read.selectFrom('sessions').selectAll().execute()
    expect(live).toEqual([])
  })

  it('hashes at most two passwords at once', async () => {
    let running = 0
    let most = 0
    const { logIn } = await createTestApp({
      verify: async (password, stored) => {
        most = Math.max(most, ++running)
        const matches = await verifyPassword(password, stored)
        running--
        return matches
      },
    })
    const answers = await Promise.all(Array.from({ length: 8 }, () => logIn('ed', PASSWORD)))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(8).fill(200))
    expect(most).toBe(2)
  })
})

describe('GET /auth/me and POST /auth/logout', () => {
  it('return the user and a new access token for the cookie', async () => {
    const { signIn, get, getWithAccessToken } = await createTestApp()
    const { token } = await signIn('vera')
    const response = await get('/auth/me', token)
    expect(response.headers['cache-control']).toBe('no-store')
    const { accessToken, user } = response.json()
    expect(user).toEqual({
      id: 1,
      username: 'vera',
      roles: ['viewer'],
      permissions: ['view-media'],
    })
    expect((await getWithAccessToken('/media', accessToken)).statusCode).toBe(200)
  })

  it.each([
    ['GET', '/auth/me'],
    ['POST', '/auth/logout'],
  ] as const)('%s %s accepts the cookie only', async (method, url) => {
    const { app, signIn } = await createTestApp()
    const { token, accessToken } = await signIn('vera')
    const headers = { authorization: `Bearer ${accessToken}` }
    const refused = await app.inject({ method, url, headers })
    expect(refused.statusCode).toBe(401)
    expect(refused.json().data).toBe('Unauthorized')
    expect(refused.headers['cache-control']).toBe('no-store')
    for (const refreshToken of ['', 'nonsense', 'x'.repeat(43)]) {
      const response = await app.inject({ method, url, cookies: { refreshToken } })
      expect(response.statusCode).toBe(401)
    }
    // An expired access token must not keep the client from getting a new one.
    const accepted = await app.inject({
      method,
      url,
      headers: { authorization: 'Bearer expired' },
      cookies: { refreshToken: token },
    })
    expect(accepted.statusCode).toBe(200)
  })
})

describe('throttling', () => {
  type TestApp = Awaited<ReturnType<typeof createTestApp>>
  const fail = async ({ logIn }: TestApp, username: string, address: string, times: number) => {
    const statuses = []
    for (let count = 0; count < times; count++) {
      statuses.push((await logIn(username, WRONG, address)).statusCode)
    }
    return statuses
  }
  const of = (status: number, times: number) => Array<number>(times).fill(status)
  // These tests are about counting and do not need real hashing.
  const verify = async (password: string) => password === PASSWORD

  it('allows ten failed sign-ins per account and address in a quarter of an hour', async () => {
    const test = await createTestApp({ verify })
    expect(await fail(test, 'ed', '192.0.2.1', 10)).toEqual(of(401, 10))
    test.clock.advance(5 * MINUTE)
    const response = await test.logIn('ED', PASSWORD, '192.0.2.1')
    expect(response.statusCode).toBe(429)
    expect(response.headers['retry-after']).toBe('600')
    expect(response.json()).toEqual({
      data: 'Too many requests.',
      code: 429,
      error: 'too-many-requests',
      detail: expect.stringContaining('600 seconds'),
    })
    expect((await test.logIn('vera', PASSWORD, '192.0.2.1')).statusCode).toBe(200)
    expect((await test.logIn('ed', PASSWORD, '192.0.2.2')).statusCode).toBe(200)
    test.clock.advance(10 * MINUTE)
    expect((await test.logIn('ed', PASSWORD, '192.0.2.1')).statusCode).toBe(200)
  })

  it('treats unknown names the same way', async () => {
    const test = await createTestApp({ verify })
    expect(await fail(test, 'nobody', '192.0.2.1', 11)).toEqual([...of(401, 10), 429])
    const rows = await test.database.read.selectFrom('login_attempts').selectAll().execute()
    expect(rows).toHaveLength(3)
    expect(JSON.stringify(rows)).not.toContain('nobody')
  })

  it('allows fifty failed sign-ins per address, over all names', async () => {
    const test = await createTestApp({ verify })
    for (let count = 0; count < 50; count++) {
      expect(await fail(test, `name${count}`, '2001:db8::1', 1)).toEqual([401])
    }
    expect((await test.logIn('ed', PASSWORD, '2001:db8::2')).statusCode).toBe(429)
    expect((await test.logIn('ed', PASSWORD, '2001:db8:0:1::1')).statusCode).toBe(200)
  })

  it('limits guesses at one account from many addresses, but not its owner', async () => {
    const test = await createTestApp({ verify })
    const { token } = await test.signIn('ed', '198.51.100.1')
    test.clock.advance(30 * DAY)
    expect((await test.get('/media', token)).statusCode).toBe(401)
    const statuses = []
    for (let host = 1; host <= 30; host++) {
      statuses.push(...(await fail(test, 'ed', `192.0.2.${host}`, 1)))
    }
    expect(statuses).toEqual([...of(401, 20), ...of(429, 10)])
    expect((await test.logIn('ed', PASSWORD, '203.0.113.1')).statusCode).toBe(429)

    // The owner's address is known for 90 days after its last use, and has a limit of its own.
    expect((await test.logIn('ed', PASSWORD, '198.51.100.1')).statusCode).toBe(200)
    expect(await fail(test, 'ed', '198.51.100.1', 11)).toEqual([...of(401, 10), 429])
    expect((await test.logIn('vera', PASSWORD, '203.0.113.1')).statusCode).toBe(200)
  })

  it('cannot be used from other addresses to lock out a known one', async () => {
    const test = await createTestApp({ verify })
    await test.signIn('ed', '198.51.100.1')
    // Exceeds the limit of each pair, and the limit of the account for unknown addresses.
    for (let host = 1; host <= 3; host++) await fail(test, 'ed', `192.0.2.${host}`, 11)
    expect((await test.logIn('ed', PASSWORD, '192.0.2.4')).statusCode).toBe(429)
    expect((await test.logIn('ed', PASSWORD, '198.51.100.1')).statusCode).toBe(200)
  })

  it('keeps the limit when guesses run in parallel', async () => {
    const test = await createTestApp()
    const guesses = Array.from({ length: 30 }, () => test.logIn('ed', WRONG, '192.0.2.1'))
    const statuses = (await Promise.all(guesses)).map(({ statusCode }) => statusCode)
    expect(statuses.sort()).toEqual([...of(401, 10), ...of(429, 20)])
  })

  it('does not count sign-ins that succeed, or whose password was never checked', async () => {
    let broken = true
    const test = await createTestApp({
      verify: async (password) => {
        if (broken) throw new Error('out of memory')
        return verify(password)
      },
    })
    expect(await fail(test, 'ed', '192.0.2.1', 12)).toEqual(of(500, 12))
    broken = false
    for (let count = 0; count < 60; count++) await test.signIn('ed', '192.0.2.1')
    expect(await test.database.read.selectFrom('login_attempts').selectAll().execute()).toEqual([])
  })

  it('answers 503 when too many sign-ins wait, and does not count the refused ones', async () => {
    const gate = Promise.withResolvers<void>()
    const test = await createTestApp({
      verify: async (password) => {
        await gate.promise
        return verify(password)
      },
    })
    // Two are being checked and fifty wait; once the other eight are refused, the rest may go on.
    let refused = 0
    const attempts = Array.from({ length: 60 }, async (_, index) => {
      const { statusCode } = await test.logIn(`name${index}`, WRONG, `192.0.2.${index}`)
      if (statusCode === 503 && ++refused === 8) gate.resolve()
      return statusCode
    })
    expect((await Promise.all(attempts)).sort()).toEqual([...of(401, 52), ...of(503, 8)])
    const rows = await test.database.read.selectFrom('login_attempts').selectAll().execute()
    expect(rows.filter(({ key }) => key.startsWith('address'))).toHaveLength(52)
  })

  it('deletes counts that are older than their window', async () => {
    const test = await createTestApp({ verify })
    await fail(test, 'ed', '192.0.2.1', 3)
    test.clock.advance(15 * MINUTE)
    await fail(test, 'vera', '192.0.2.2', 1)
    const rows = await test.database.read.selectFrom('login_attempts').selectAll().execute()
    expect(rows.map(({ failures }) => failures)).toEqual([1, 1, 1])
  })

  it('cannot be evaded by writing the name or the body differently each time', async () => {
    const test = await createTestApp({ verify })
    const names = ['ed', 'ED', ' ed ', 'ｅｄ', 'Ed\t', 'ＥＤ', '\ufeffed', 'eD', '\u3000ed', 'ed\n']
    const send = (body: string) =>
      test.app.inject({
        method: 'POST',
        url: `/auth/login?attempt=${encodeURIComponent(body)}`,
        remoteAddress: '192.0.2.1',
        headers: { 'content-type': 'application/json', 'user-agent': body.slice(0, 5) },
        payload: body,
      })
    const statuses = []
    for (const [index, username] of names.entries()) {
      const body = { username, password: `guess ${index}`, [`field ${index}`]: index, ip: index }
      statuses.push((await send(JSON.stringify(body))).statusCode)
    }
    expect(statuses).toEqual(of(401, 10))
    const twice = `{"username":"vera","password":"x","username":"ed","password":"${PASSWORD}"}`
    expect((await send(twice)).statusCode).toBe(429)
  })

  it('uses X-Forwarded-For only from a trusted proxy', async () => {
    const test = await createTestApp({ verify })
    const from = async (remoteAddress: string, forwarded: string) => {
      const response = await test.app.inject({
        method: 'POST',
        url: '/auth/login',
        remoteAddress,
        headers: { 'x-forwarded-for': forwarded },
        payload: { username: 'nobody', password: WRONG },
      })
      return response.statusCode
    }
    for (let host = 1; host <= 10; host++) {
      expect(await from('203.0.113.9', `192.0.2.${host}`)).toBe(401)
    }
    expect(await from('203.0.113.9', '192.0.2.99')).toBe(429)
    expect(await from('127.0.0.1', '192.0.2.99')).toBe(401)
    expect(await from('127.0.0.1', '203.0.113.9')).toBe(429)
  })
})

it('records failed sign-ins one by one, and those beyond a hundred a minute as a number', async () => {
  const { logIn, clock, database } = await createTestApp({ verify: async () => false })
  const failFrom = async (hosts: number, network: string) => {
    for (let host = 1; host <= hosts; host++) {
      expect((await logIn(`nobody-${host}`, WRONG, `${network}.${host}`)).statusCode).toBe(401)
    }
  }
  const read = async () => {
    const query = { limit: 1000, action: 'sign-in-failed' } as const
    const { rows } = await readAudit(database.read, query)
    return rows.map(({ network, detail }) => ({ network, detail })).reverse()
  }
  await failFrom(130, '192.0.2')
  const wrong = (network: string) => ({ network, detail: '{"wrong":"account"}' })
  const first = Array.from({ length: 100 }, (_, index) => wrong(`192.0.2.${index + 1}`))
  expect(await read()).toEqual(first)

  clock.advance(MINUTE)
  await failFrom(2, '198.51.100')
  expect(await read()).toEqual([
    ...first,
    { network: null, detail: '{"more":30}' },
    wrong('198.51.100.1'),
    wrong('198.51.100.2'),
  ])
})

it('works over real HTTP, with a cookie jar', async () => {
  const { app, clock } = await createTestApp()
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const login = await fetch(`${address}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ed', password: PASSWORD }),
  })
  const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  let cookie = cookieOf(login)
  const ask = (method: string, path: string) =>
    fetch(`${address}${path}`, { method, headers: { cookie: `theme=dark; ${cookie}` } })

  expect((await ask('POST', '/media/edit')).status).toBe(200)
  clock.advance(11 * MINUTE)
  const me = await ask('GET', '/auth/me')
  expect(me.status).toBe(200)
  const old = cookie
  cookie = cookieOf(me)
  expect(cookie).not.toBe(old)
  expect((await ask('GET', '/media')).status).toBe(200)
  expect(await (await ask('POST', '/auth/logout')).json()).toEqual({
    data: 'Logged out',
    code: 200,
  })
  expect((await ask('GET', '/media')).status).toBe(401)
})
