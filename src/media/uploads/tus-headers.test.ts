import { describe, expect, it } from 'vitest'
import { readChecksum, readLength, readMetadata, readOffset } from './tus-headers.ts'

const encode = (text: string | Buffer) => Buffer.from(text).toString('base64')
const metadata = (values: Record<string, string>) =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${encode(value)}`)
    .join(',')

describe('the metadata of an upload', () => {
  it.each([
    [
      { name: 'Tower', filename: 'DSC_1.jpg', tags: 'a, b' },
      { name: 'Tower', fileName: 'DSC_1.jpg', tags: ['a', 'b'] },
    ],
    [
      { name: '塔', tags: '["a","b,c"]' },
      { name: '塔', fileName: null, tags: ['a', 'b', 'c'] },
    ],
    [{ filename: 'Tower.jpg' }, { name: 'Tower', fileName: 'Tower.jpg', tags: [] }],
    [
      { filename: 'Tower.jpg', name: 'Tower.jpg', type: 'image/jpeg', tags: '' },
      { name: 'Tower', fileName: 'Tower.jpg', tags: [] },
    ],
    [
      { filename: '../../etc/passwd', name: '' },
      { name: 'passwd', fileName: 'passwd', tags: [] },
    ],
  ])('%j becomes %j', (given, fields) => {
    const { name, ...rest } = readMetadata(metadata(given))
    expect(rest).toEqual({ fileName: fields.fileName, tags: fields.tags })
    expect(name).toBe(fields.name)
  })

  it('may have keys without a value, and spaces around pairs', () => {
    expect(readMetadata(`is_confidential, name ${encode('Tower')} ,tags`)).toEqual({
      name: 'Tower',
      fileName: null,
      tags: [],
    })
  })

  it.each([
    ['Required parameters missing', undefined],
    ['Required parameters missing', ''],
    ['Required parameters missing', metadata({ tags: 'a' })],
    ['Required parameters missing', metadata({ name: ' ' })],
    ['Required parameters missing', metadata({ name: 'a', tags: '[1]' })],
    ['Invalid parameters', metadata({ name: 'x'.repeat(256) })],
    ['Invalid parameters', metadata({ name: 'a', tags: '["a"' })],
    ['Invalid parameters', 'name ***'],
    ['Invalid parameters', `name ${encode('a')} b`],
    ['Invalid parameters', `name ${encode('a')},name ${encode('b')}`],
    ['Invalid parameters', `name ${encode(Buffer.from([0xff]))}`],
  ])('is "%s" if it is %j', (message, header) => {
    expect(() => readMetadata(header)).toThrow(message)
  })
})

it('numbers of bytes are plain digits', () => {
  expect(readLength('12')).toBe(12)
  expect(readOffset('0')).toBe(0)
  for (const wrong of ['', '-1', '1.5', '0x1', '1e3', ' 1', '9007199254740993', '1, 2']) {
    expect(() => readOffset(wrong)).toThrow('Invalid parameters')
    expect(() => readLength(wrong)).toThrow('Invalid parameters')
  }
  expect(() => readLength('0')).toThrow('Invalid parameters')
  expect(() => readLength(undefined)).toThrow('Required parameters missing')
  expect(() => readOffset(undefined)).toThrow('Required parameters missing')
})

it('a checksum names its algorithm', () => {
  expect(readChecksum(undefined)).toBeUndefined()
  expect(readChecksum('sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=')).toEqual({
    algorithm: 'sha1',
    digest: 'Kq5sNclPz7QV2+lfQIuc6R7oRu0=',
  })
  for (const wrong of ['', 'sha1', 'sha1 ', 'md5 YQ==', 'sha1 *', 'sha1 YQ== x', 'SHA1 YQ==']) {
    expect(() => readChecksum(wrong)).toThrow('Invalid parameters')
  }
})
