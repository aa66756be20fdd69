import { expect, it } from 'vitest'
import { nameCopies } from './name-copies'

const file = (name: string) => new File(['x'], name, { type: 'image/png' })

it('names files after the time if they have no name of their own', async () => {
  const [copy] = nameCopies([file('image.png')], 'Eingefügt', 'de')
  expect(copy?.name).toMatch(/^Eingefügt \d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d\.png$/)
  expect(copy?.type).toBe('image/png')
  expect(await copy?.text()).toBe('x')
})

it('keeps the names of files that were copied in a file manager', () => {
  const files = ['image of a cat.png', 'Image.png', 'image', 'cat.jpg'].map(file)
  expect(nameCopies(files, 'Pasted', 'en')).toEqual(files)
})
