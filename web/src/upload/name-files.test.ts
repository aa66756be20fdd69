import { expect, it } from 'vitest'
import { nameFiles, tagsFromFolders } from './name-files'

const files = (...paths: string[]) => {
  const folders = new Map<File, string[]>()
  for (const path of paths) {
    const parts = path.split('/')
    folders.set(new File(['x'], parts.pop() ?? ''), parts)
  }
  return folders
}
const name = (paths: string[], taken: string[] = []) => {
  const folders = files(...paths)
  return nameFiles(
    [...folders.keys()],
    (file) => folders.get(file) ?? [],
    (text) => taken.includes(text),
  )
}

it('keeps names that are unique', () => {
  expect(name(['Trip/a.jpg', 'Trip/b.jpg', 'c.png'])).toEqual(['a', 'b', 'c'])
})

it('tells equal names apart by their folders, as many as necessary', () => {
  expect(name(['Login/screenshot.png', 'Basket/screenshot.png', 'Basket/total.png'])).toEqual([
    'Login – screenshot',
    'Basket – screenshot',
    'total',
  ])
  expect(name(['Phone/Login/shot.png', 'Tablet/Login/shot.png', 'Phone/Basket/shot.png'])).toEqual([
    'Phone – Login – shot',
    'Tablet – Login – shot',
    'Basket – shot',
  ])
})

it('numbers names that no folder tells apart, and names that are taken', () => {
  expect(name(['a.jpg', 'a.png', 'b.png'], ['b', 'b (2)'])).toEqual(['a', 'a (2)', 'b (3)'])
  const long = 'x'.repeat(255)
  const [, second = ''] = name([`${long}.jpg`, `${long}.png`])
  expect(second).toHaveLength(255)
  expect(second).toMatch(/ \(2\)$/)
})

it('makes tags of folders that the server accepts', () => {
  expect(tagsFromFolders(['Sea, sand', ' Day\n1 ', 'Sea, sand', ',', '𝒳'.repeat(70)])).toEqual([
    'Sea sand',
    'Day 1',
    '𝒳'.repeat(64),
  ])
})
