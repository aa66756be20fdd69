import { describe, expect, it } from 'vitest'
import { readAudit } from '../../audit/read.ts'
import { setDisabled, setPassword, setRole } from '../accounts/accounts.ts'
import { createTestApp, DAY, MINUTE, PASSWORD } from '../test-app.ts'

type TestApp = Awaited<ReturnType<typeof createTestApp>>

const FIELDS = { name: 'nightly import', permissions: ['view-media'], days: 30 }

const make = async (test: TestApp, username: string, fields: object = {}) => {
  const { token } = await test.signIn(username)
  const body = { ...FIELDS, ...fields }
  return (await test.send('POST', '/auth/tokens', { token, body })).json()
}

describe('a personal token', () => {
  it('is shown once, stored as a hash, and recognised by secret scanners', async () => {
    const test = await createTestApp()
    const { secret, ...answer } = await make(test, 'vera')
    expect(answer).toEqual({
      data: 'Token added successfully',
      code: 200,
      token: {
        id: 1,
        name: 'nightly import',
        permissions: ['view-media'],
        created: '2026-01-20T18:22:10.000Z',
        expires: '2026-02-19T18:22:10.000Z',
        lastUsed: null,
      },
    })
    expect(secret).toMatch(/^vitrine_[\w-]{43}$/)
    const { token } = await test.signIn('vera')
    const list = await test.send('GET', '/auth/tokens', { token })
    expect(list.json()).toEqual({ tokens: [answer.token] })
    const kept = JSON.stringify([
      await test.database.read.selectFrom('api_tokens').selectAll().execute(),
      await readAudit(test.database.read, { limit: 100 }),
    ])
    expect(kept).toContain('nightly import')
    expect(kept).not.toContain(secret)
    expect(kept).not.toContain(secret.slice('vitrine_'.length))
  })

  it('is accepted only in Authorization, and shows its last use', async () => {
    const test = await createTestApp()
    const { secret } = await make(test, 'vera')
    test.clock.advance(DAY)
    expect((await test.getWithAccessToken('/media', secret)).statusCode).toBe(200)
    expect((await test.get('/media', secret)).statusCode).toBe(401)
    expect((await test.getWithAccessToken('/session', secret)).json()).toEqual({
      id: 1,
      username: 'vera',
      roles: ['viewer'],
      permissions: ['view-media'],
      tokenId: 1,
    })
    for (const wrong of [
      `${secret}x`,
      secret.slice(0, -1),
      'vitrine_',
      `vitrine_${'A'.repeat(43)}`,
    ]) {
      const answer = await test.getWithAccessToken('/media', wrong)
      expect(answer.json()).toMatchObject({ data: 'Unauthorized', code: 401 })
      expect(answer.body).not.toContain(wrong)
    }

    // The last use is written at most once a minute.
    const lastUse = async () =>
      (await test.database.read.selectFrom('api_tokens').select('last_used_at').execute())[0]
        ?.last_used_at
    const first = test.clock()
    test.clock.advance(MINUTE)
    await test.getWithAccessToken('/media', secret)
    expect(await lastUse()).toBe(first)
    test.clock.advance(1)
    await test.getWithAccessToken('/media', secret)
    expect(await lastUse()).toBe(first + MINUTE + 1)
  })

  it('allows only what both the token and, at that moment, its account may do', async () => {
    const test = await createTestApp()
    const wide = await make(test, 'ed', { permissions: ['edit-media', 'view-media'] })
    const narrow = await make(test, 'ed')
    const edit = async ({ secret }: { secret: string }) =>
      (await test.send('POST', '/media/edit', { bearer: secret })).statusCode
    const view = async ({ secret }: { secret: string }) =>
      (await test.getWithAccessToken('/media', secret)).statusCode
    expect([await view(narrow), await edit(narrow)]).toEqual([200, 403])
    expect([await view(wide), await edit(wide)]).toEqual([200, 200])
    await setRole(test.database, 'ed', 'viewer')
    expect([await view(wide), await edit(wide)]).toEqual([200, 403])
    await setRole(test.database, 'ed', 'editor')
    expect(await edit(wide)).toBe(200)
    // A new permission of the account gives the token none.
    await setRole(test.database, 'ed', 'admin')
    expect(await edit(narrow)).toBe(403)
  })

  it('cannot manage accounts, sessions, tokens or passwords', async () => {
    const test = await createTestApp()
    const { secret } = await make(test, 'ada', {
      permissions: ['view-media', 'edit-media', 'add-media', 'delete-media'],
    })
    const routes: ['GET' | 'POST' | 'DELETE', string, object?][] = [
      ['POST', '/auth/password', { currentPassword: PASSWORD, password: 'another password' }],
      ['GET', '/auth/sessions'],
      ['DELETE', '/auth/sessions'],
      ['DELETE', '/auth/sessions/none'],
      ['GET', '/auth/tokens'],
      ['POST', '/auth/tokens', FIELDS],
      ['DELETE', '/auth/tokens/1'],
      ['GET', '/users'],
      ['POST', '/users', { username: 'eve', password: PASSWORD, role: 'admin' }],
      ['POST', '/users/3/password', { password: 'another password' }],
      ['GET', '/audit'],
    ]
    for (const [method, url, body] of routes) {
      const answer = await test.send(method, url, { bearer: secret, ...(body && { body }) })
      expect([url, answer.statusCode]).toEqual([url, 403])
    }
    // Routes that accept only the cookie ignore tokens.
    expect((await test.send('POST', '/auth/logout', { bearer: secret })).statusCode).toBe(401)
    expect((await test.getWithAccessToken('/auth/me', secret)).statusCode).toBe(401)
    expect((await test.getWithAccessToken('/media', secret)).statusCode).toBe(200)
  })

  it('is not created with an invalid field', async () => {
    const test = await createTestApp()
    const wrong: [is: string, fields: object, data: string][] = [
      ['for managing accounts', { permissions: ['manage-accounts'] }, 'Invalid parameters'],
      ['with an unknown permission', { permissions: ['view-media', 'fly'] }, 'Invalid parameters'],
      [
        'with a permission that its account lacks',
        { permissions: ['add-media'] },
        'Invalid parameters',
      ],
      ['without permissions', { permissions: [] }, 'Required parameters missing'],
      ['for more than a year', { days: 366 }, 'Invalid parameters'],
      ['for zero days', { days: 0 }, 'Invalid parameters'],
      ['without a lifetime', { days: null }, 'Required parameters missing'],
      ['without a name', { name: ' ' }, 'Required parameters missing'],
      ['with a long name', { name: 'x'.repeat(101) }, 'Invalid parameters'],
      ['with a strange name', { name: 'a\u001bb' }, 'Invalid parameters'],
    ]
    const { token } = await test.signIn('vera')
    for (const [is, fields, data] of wrong) {
      const body = { ...FIELDS, ...fields }
      const answer = await test.send('POST', '/auth/tokens', { token, body })
      expect([is, answer.json()]).toMatchObject([is, { data, code: 400 }])
    }
    expect(await test.database.read.selectFrom('api_tokens').selectAll().execute()).toEqual([])
  })

  it('is limited to a hundred per account', async () => {
    const test = await createTestApp()
    const { token } = await test.signIn('vera')
    await test.database.write(async (trx) => {
      const values = Array.from({ length: 99 }, (_, index) => ({
        user_id: 1,
        name: 'many',
        hash: String(index),
        permissions: 'view-media',
        created_at: 0,
        expires_at: 0,
        last_used_at: null,
      }))
      await trx.insertInto('api_tokens').values(values).execute()
    })
    const add = () => test.send('POST', '/auth/tokens', { token, body: FIELDS })
    expect((await add()).statusCode).toBe(200)
    expect((await add()).json()).toMatchObject({ data: 'Too many tokens', code: 409 })
  })
})

describe('the end of a personal token', () => {
  it('follows its expiry, its revocation, or the disabling, reset or removal of its account', async () => {
    const test = await createTestApp()
    const works = async ({ secret }: { secret: string }) =>
      (await test.getWithAccessToken('/media', secret)).statusCode === 200
    const ada = (await test.signIn('ada')).token
    const send = (url: string, token: string) => test.send('DELETE', url, { token })

    const short = await make(test, 'ed', { days: 1 })
    const own = await make(test, 'ed')
    const others = await make(test, 'ed')
    test.clock.advance(DAY - 1)
    expect(await works(short)).toBe(true)
    test.clock.advance(1)
    expect(await works(short)).toBe(false)

    const ed = (await test.signIn('ed')).token
    const vera = (await test.signIn('vera')).token
    expect((await send(`/auth/tokens/${own.token.id}`, vera)).statusCode).toBe(404)
    expect(await works(own)).toBe(true)
    expect((await send(`/auth/tokens/${own.token.id}`, ed)).json()).toEqual({
      data: 'Token revoked',
      code: 200,
    })
    expect(await works(own)).toBe(false)
    expect((await send(`/users/1/tokens/${others.token.id}`, ada)).statusCode).toBe(404)
    expect((await send(`/users/2/tokens/${others.token.id}`, ada)).statusCode).toBe(200)
    expect(await works(others)).toBe(false)

    const disabled = await make(test, 'ed')
    await setDisabled(test.database, 'ed', true)
    expect(await works(disabled)).toBe(false)
    await setDisabled(test.database, 'ed', false)
    expect(await works(disabled)).toBe(false)

    // Even if a token were left, the account itself is checked.
    const left = await make(test, 'ed')
    const disable = (flag: 0 | 1) =>
      test.database.write((trx) =>
        trx.updateTable('users').set({ disabled: flag }).where('username', '=', 'ed').execute(),
      )
    await disable(1)
    expect(await works(left)).toBe(false)
    await disable(0)
    expect(await works(left)).toBe(true)

    const reset = await make(test, 'ed')
    await setPassword(test.database, 'ed', PASSWORD)
    expect(await works(reset)).toBe(false)

    const removed = await make(test, 'ed')
    expect((await send('/users/2', ada)).statusCode).toBe(200)
    expect(await works(removed)).toBe(false)

    const { rows } = await readAudit(test.database.read, { limit: 1000, action: 'token-refused' })
    expect(rows[0]).toMatchObject({ actor: null, network: '127.0.0.1' })
  })

  it('does not follow when the owner changes the password', async () => {
    const test = await createTestApp()
    const { secret } = await make(test, 'vera')
    const { token } = await test.signIn('vera')
    const body = { currentPassword: PASSWORD, password: 'another password' }
    expect((await test.send('POST', '/auth/password', { token, body })).statusCode).toBe(200)
    expect((await test.getWithAccessToken('/media', secret)).statusCode).toBe(200)
  })
})
