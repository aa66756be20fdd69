import { expect, it } from 'vitest'
import { fileOfLink, findLinks } from './find-links'

const found = (text: string) => findLinks(text).map(({ href }) => href)

it('finds the links of a text that holds only links', () => {
  expect(found(' https://a.example/b.jpg\n')).toEqual(['https://a.example/b.jpg'])
  expect(found('HTTP://a.example/1.jpg\r\nhttps://b.example/2.jpg')).toEqual([
    'http://a.example/1.jpg',
    'https://b.example/2.jpg',
  ])
})

it('finds none in any other text', () => {
  for (const text of [
    '',
    ' ',
    'a.example',
    'see https://a.example/',
    'file:///a',
    'https://',
    'javascript:1',
  ]) {
    expect(found(text)).toEqual([])
  }
  expect(found('https://a.example/ '.repeat(100))).toHaveLength(100)
  expect(found('https://a.example/ '.repeat(101))).toEqual([])
})

it('names the file of a link', () => {
  const nameOf = (link: string) => fileOfLink(new URL(link)).name
  expect(nameOf('https://a.example/b/Caf%C3%A9.jpg?x#y')).toBe('Café.jpg')
  expect(nameOf('https://a.example/%ff')).toBe('%ff')
  expect(nameOf('https://a.example/b/')).toBe('a.example')
})
