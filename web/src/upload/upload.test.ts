import { expect, it } from 'vitest'
import { nameFromFile } from './upload'

it.each([
  ['Cat.jpg', 'Cat'],
  ['two.dots.jpeg', 'two.dots'],
  ['  spaces  .png', 'spaces'],
  ['none', 'none'],
  ['.jpg', '.jpg'],
  ['line\nbreak\u0000.gif', 'line break'],
  ['落とした.png', '落とした'],
  ['half \ud83d.png', 'half \ufffd'],
])('makes the file name %j the name %j', (fileName, name) => {
  expect(nameFromFile(fileName)).toBe(name)
})

it('makes no name longer than the server accepts', () => {
  const name = nameFromFile(`${'😀'.repeat(300)}.png`)
  expect([...name]).toHaveLength(255)
})
