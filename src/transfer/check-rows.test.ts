import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decoyHash } from '../auth/sign-in/passwords.ts'
import { findFault } from './check-rows.ts'

const HASH = '0123456789abcdef'.repeat(4)
const OBJECT = {
  key: `originals/012/${HASH.slice(0, 32)}.jpg`,
  sha256: HASH,
  size: 1000,
  width: 64,
  height: 48,
}
const ROWS = {
  media: { id: 12, file_id: 3, name: 'Café', tags: '["a","東京"]', added_at: 1_700_000_000_000 },
  files: {
    ...OBJECT,
    id: 3,
    type: 'image/jpeg',
    frames: 1,
    thumbhash: 'IQkKbIxZd3h/eHd6h4Z3cIgHpw==',
    color: '#808080',
    scaled_digest: 'A'.repeat(22),
    high_digest: 'b-_'.repeat(8),
  },
  variants: { ...OBJECT, file_id: 3, name: 'scaled' },
  users: {
    id: 1,
    username: 'edda',
    password_hash: decoyHash(),
    disabled: 0,
    created_at: 1_700_000_000_000,
  },
  role_permissions: { role: 'viewer', permission: 'view-media' },
  secrets: { name: 'delivery', value: randomBytes(32).toString('base64url') },
  audit: {
    id: 1,
    at: 1_700_000_000_000,
    action: 'signed-in',
    actor: 'edda',
    account_id: '1',
    token_id: null,
    network: '127.0.0.1',
    subject: null,
    detail: '{"userAgent":""}',
  },
}

it.each(Object.keys(ROWS) as (keyof typeof ROWS)[])(
  'accepts a row of %s as Vitrine writes it',
  (table) => {
    expect(findFault(table, ROWS[table])).toBeUndefined()
  },
)

it('accepts names and tags without a visible character, which older versions allowed', () => {
  const row = { ...ROWS.media, name: '\u200b\u00ad', tags: '["\u200b","a"]' }
  expect(findFault('media', row)).toBeUndefined()
})

describe('names the row and the field of a value that Vitrine never writes', () => {
  it.each([
    ['media', 'id', [0, -1, 1.5, '12', 2 ** 53, null, undefined]],
    ['media', 'name', ['', ' x', 'a\u0007b', 'Cafe\u0301', 'x'.repeat(256), '\ud800', 5]],
    [
      'media',
      'tags',
      ['no JSON', '"a"', '["a,b"]', '["a","a"]', '[" a"]', '["a\\u0000"]', '[5]', '[ "a"]', null],
    ],
    ['media', 'added_at', [-1, 1.5, 9e15, '2026-01-01', null]],
    ['files', 'sha256', [HASH.toUpperCase(), HASH.slice(1), null]],
    ['files', 'key', ['../etc/passwd', 'originals/x', '/abs', null]],
    ['files', 'type', ['image/x-icon', 'text/html', null]],
    ['files', 'size', [0, -5, '7', null]],
    ['files', 'thumbhash', ['"><script>', '', null]],
    ['files', 'color', ['red', '#80808', '#GGGGGG']],
    ['files', 'high_digest', ['short', '../'.repeat(9), null]],
    ['variants', 'name', ['huge', '', null]],
    ['variants', 'width', [0, 'wide']],
    ['users', 'username', ['Edda', ' edda', 'a b', 'a\u0007', '', null]],
    [
      'users',
      'password_hash',
      ['secret', '', null, decoyHash().replace('m=19456', 'm=99999999'), decoyHash().slice(0, 40)],
    ],
    ['users', 'disabled', [2, true, null]],
    ['role_permissions', 'permission', ['everything', '', null]],
    ['role_permissions', 'role', ['a\nb', '', null]],
    ['secrets', 'value', ['', 'short', 'A'.repeat(43), null]],
    ['audit', 'action', ['made-up', null]],
    ['audit', 'actor', ['a\u001b[2J', 5, 'x'.repeat(256)]],
    ['audit', 'detail', ['[]', 'no JSON', '5']],
    ['audit', 'at', [-1, 9e15, null]],
  ] as const)('%s: %s', (table, field, values) => {
    for (const value of values) {
      const row = { ...ROWS[table], [field]: value }
      const fault = findFault(table, row) ?? `${JSON.stringify(value)} passed`
      expect(fault).toContain(` of ${table} has a ${field} that Vitrine never makes: `)
      expect(fault).not.toMatch(/\p{Cc}/u)
    }
  })
})

it('names an unknown field, and does not show secrets', () => {
  expect(findFault('users', { ...ROWS.users, extra: 1 })).toContain('"extra"')
  expect(findFault('users', { ...ROWS.users, password_hash: 'hunter2' })).not.toContain('hunter2')
})
