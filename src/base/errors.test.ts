import { expect, it } from 'vitest'
import { hidePasswords } from './errors.ts'

it.each([
  ['postgres://u:secret@host/db', 'postgres://…@host/db'],
  ['postgres://u:s@ec/r#e?t:@host:5432/db', 'postgres://…@host:5432/db'],
  ["input: 'postgres://u:s@e@host/db', base: 'x@y'", "input: 'postgres://…@host/db', base: 'x@y'"],
  ['s3://key:secret@bucket and postgres://:s@h', 's3://…@bucket and postgres://…@h'],
  ['http://127.0.0.1:4545/ is no secret', 'http://127.0.0.1:4545/ is no secret'],
])('%s is shown as %s', (text, shown) => {
  expect(hidePasswords(text)).toBe(shown)
})
