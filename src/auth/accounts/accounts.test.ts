import { describe, expect, it } from 'vitest'
import type { Database } from '../../database/database.ts'
import { permissions } from '../permissions.ts'
import { verifyPassword } from '../sign-in/passwords.ts'
import { openTestDatabase, PASSWORD } from '../test-app.ts'
import {
  createUser,
  ensureFirstAdmin,
  removeUser,
  setDisabled,
  setPassword,
  setRole,
} from './accounts.ts'
import { findUser, normalizeUsername } from './find-user.ts'
import { listUsers } from './list-accounts.ts'

const add = (database: Database) => (username: string, role: string) =>
  createUser(database, { username, password: PASSWORD, role })

const withCode = (code: string) => expect.objectContaining({ code, detail: expect.any(String) })

describe('users', () => {
  it('are created, listed, changed and removed', async () => {
    const { database, clock } = await openTestDatabase()
    await add(database)(' Ada ', 'admin')
    await add(database)('vera', 'viewer')
    await setRole(database, 'VERA', 'editor')
    await setDisabled(database, 'vera', true)
    const vera = {
      id: 2,
      username: 'vera',
      roles: ['editor'],
      disabled: true,
      createdAt: clock(),
      lastUsedAt: null,
    }
    const ada = {
      id: 1,
      username: 'ada',
      roles: ['admin'],
      disabled: false,
      createdAt: clock(),
      lastUsedAt: null,
    }
    expect(await listUsers(database)).toEqual([ada, vera])

    await setDisabled(database, 'vera', false)
    await setPassword(database, 'vera', 'another password')
    const row = await findUser(database.read, 'vera')
    expect(row?.disabled).toBe(0)
    expect(await verifyPassword('another password', row?.password_hash ?? '')).toBe(true)

    await removeUser(database, 'vera')
    await add(database)('vera', 'viewer')
    expect((await listUsers(database)).map(({ id }) => id)).toEqual([1, 3])
  })

  it('are refused with a reason', async () => {
    const { database } = await openTestDatabase()
    const create = add(database)
    await create('ada', 'admin')
    await expect(create('ＡＤＡ', 'viewer')).rejects.toEqual(withCode('username-taken'))
    await expect(create('a b', 'viewer')).rejects.toEqual(withCode('parameters-invalid'))
    await expect(create('bob', 'owner')).rejects.toEqual(withCode('parameters-invalid'))
    await expect(
      createUser(database, { username: 'bob', password: 'short', role: 'viewer' }),
    ).rejects.toEqual(withCode('password-invalid'))
    await expect(setPassword(database, 'ada', 'short')).rejects.toEqual(
      withCode('password-invalid'),
    )
    const unknown = withCode('user-not-found')
    await expect(setPassword(database, 'bob', PASSWORD)).rejects.toEqual(unknown)
    await expect(setRole(database, 'bob', 'viewer')).rejects.toEqual(unknown)
    await expect(setDisabled(database, 'bob', true)).rejects.toEqual(unknown)
    await expect(removeUser(database, 'b\0b')).rejects.toEqual(unknown)
    expect(await listUsers(database)).toHaveLength(1)
  })

  it('get a name only once, even if several are created at the same time', async () => {
    const { database } = await openTestDatabase()
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => add(database)('ada', 'admin')),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('the last enabled administrator', () => {
  it('cannot be removed, disabled or demoted', async () => {
    const { database } = await openTestDatabase()
    await add(database)('ada', 'admin')
    await add(database)('vera', 'viewer')
    const attempts = [
      () => removeUser(database, 'ada'),
      () => setDisabled(database, 'ada', true),
      () => setRole(database, 'ada', 'editor'),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toEqual(withCode('last-admin'))
    await setRole(database, 'ada', 'admin')

    // A disabled administrator does not count.
    await add(database)('alan', 'admin')
    await setDisabled(database, 'alan', true)
    for (const attempt of attempts) await expect(attempt()).rejects.toEqual(withCode('last-admin'))

    await setDisabled(database, 'alan', false)
    await setRole(database, 'ada', 'editor')
    await expect(removeUser(database, 'alan')).rejects.toEqual(withCode('last-admin'))
    await removeUser(database, 'ada')
    await removeUser(database, 'vera')
    expect((await listUsers(database)).map(({ username }) => username)).toEqual(['alan'])
  })

  it('remains if two administrators are removed or disabled at the same time', async () => {
    const { database } = await openTestDatabase()
    await add(database)('ada', 'admin')
    await add(database)('alan', 'admin')
    await Promise.allSettled([removeUser(database, 'ada'), setDisabled(database, 'alan', true)])
    expect((await listUsers(database)).filter(({ disabled }) => !disabled)).toHaveLength(1)
  })

  it('does not prevent changes to other users', async () => {
    const { database } = await openTestDatabase()
    await add(database)('vera', 'viewer')
    await setDisabled(database, 'vera', true)
    await removeUser(database, 'vera')
    expect(await listUsers(database)).toEqual([])
  })
})

describe('the first administrator', () => {
  it('gets a generated password, which is returned once', async () => {
    const { database } = await openTestDatabase()
    const password = await ensureFirstAdmin(database, undefined)
    expect(password).toMatch(/^[a-z2-9-]{27}$/)
    const row = await findUser(database.read, 'admin')
    expect(await verifyPassword(password ?? '', row?.password_hash ?? '')).toBe(true)
    expect(await listUsers(database)).toMatchObject([{ username: 'admin', roles: ['admin'] }])
    expect(await ensureFirstAdmin(database, undefined)).toBeUndefined()
  })

  it('gets the configured password, and keeps it', async () => {
    const { database } = await openTestDatabase()
    await expect(ensureFirstAdmin(database, 'short')).rejects.toEqual(withCode('password-invalid'))
    expect(await ensureFirstAdmin(database, PASSWORD)).toBeUndefined()
    expect(await ensureFirstAdmin(database, 'another password')).toBeUndefined()
    const row = await findUser(database.read, 'admin')
    expect(await verifyPassword(PASSWORD, row?.password_hash ?? '')).toBe(true)
  })

  it('is not created if there are users, nor twice by two processes', async () => {
    const { database } = await openTestDatabase()
    const kept: string[] = []
    const keep = async (password: string) => void kept.push(password)
    const both = await Promise.all([
      ensureFirstAdmin(database, undefined, keep),
      ensureFirstAdmin(database, undefined, keep),
    ])
    expect(both.filter((password) => password !== undefined)).toEqual(kept)
    expect(kept).toHaveLength(1)
    expect(await listUsers(database)).toHaveLength(1)
  })

  it('is not created if its password cannot be stored', async () => {
    const { database } = await openTestDatabase()
    const keep = () => Promise.reject(new Error('disk full'))
    await expect(ensureFirstAdmin(database, undefined, keep)).rejects.toThrow('disk full')
    expect(await listUsers(database)).toEqual([])
  })
})

it.each([
  [' Ada ', 'ada'],
  ['ＡＤＡ', 'ada'],
  ['ada.l-o_v@e9', 'ada.l-o_v@e9'],
  ['Ünsal', 'ünsal'],
  ['U\u0308nsal', 'ünsal'],
  ['さくら', 'さくら'],
  ['हिन्दी', 'हिन्दी'],
  ['x'.repeat(64), 'x'.repeat(64)],
  ['x'.repeat(65), undefined],
  ['', undefined],
  ['a b', undefined],
  ['a\0b', undefined],
  ['a/b', undefined],
  ['a\ud800', undefined],
])('%s is the username %s', (text, name) => {
  expect(normalizeUsername(text)).toBe(name)
})

it('roles have no permission that the code does not know', async () => {
  const { database } = await openTestDatabase()
  const rows = await database.read.selectFrom('role_permissions').selectAll().execute()
  expect(new Set(rows.map(({ permission }) => permission))).toEqual(new Set(permissions))
})
