import { expect, it } from 'vitest'
import { parsePublicUrl } from './public-url.ts'

it.each([
  ['https://media.example.com', 'https://media.example.com'],
  ['https://media.example.com/', 'https://media.example.com'],
  ['HTTP://Media.example.com:80/app/', 'http://media.example.com/app'],
  ['http://127.0.0.1:4545/app/b', 'http://127.0.0.1:4545/app/b'],
])('a public URL %s is %s', (text, url) => {
  expect(parsePublicUrl(text)).toBe(url)
})

it.each([
  'media.example.com',
  '/app/',
  'ftp://media.example.com/',
  'https://user@media.example.com/',
  'https://:word@media.example.com/',
  'https://media.example.com/?',
  'https://media.example.com/?a=b',
  'https://media.example.com/#',
])('a public URL is not %s', (text) => {
  expect(() => parsePublicUrl(text)).toThrow('a URL like https://media.example.com/media-app/')
})
