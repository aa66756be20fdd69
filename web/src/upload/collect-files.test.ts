import { expect, it } from 'vitest'
import { collectFiles } from './collect-files'

/** Stands for `FileSystemEntry` objects, which only a browser can create. */
interface Folder {
  [name: string]: Folder | string | 'unreadable'
}

const TYPES: Record<string, string> = { jpg: 'image/jpeg', txt: 'text/plain' }
const makeFile = (name: string) =>
  new File(['x'], name, { type: TYPES[name.split('.').at(-1) ?? ''] ?? '' })

const fileEntry = (name: string, isReadable = true) => ({
  name,
  isFile: true,
  isDirectory: false,
  file: (take: (file: File) => void, fail: (error: Error) => void) =>
    isReadable ? take(makeFile(name)) : fail(new Error('NotReadableError')),
})

const folderEntry = (name: string, folder: Folder): object => ({
  name,
  isFile: false,
  isDirectory: true,
  createReader: () => {
    const left = Object.entries(folder).map(([inner, content]) =>
      typeof content === 'object'
        ? folderEntry(inner, content)
        : fileEntry(inner, content !== 'unreadable'),
    )
    return {
      // Returns up to a hundred entries per call, and none at the end.
      readEntries: (take: (entries: object[]) => void, fail: (error: Error) => void) =>
        'cut off' in folder ? fail(new Error('NotFoundError')) : take(left.splice(0, 100)),
    }
  },
})

const item = (entry: object | null, file: File | null = null) => ({
  kind: 'file',
  webkitGetAsEntry: () => entry,
  getAsFile: () => file,
})
const folder = (content: Folder) => item(folderEntry('folder', content))
const file = (name: string) => item(fileEntry(name), makeFile(name))

async function collect(...items: object[]) {
  // `DataTransfer` exists only in a browser.
  const collected = collectFiles({ items } as unknown as DataTransfer)
  items.length = 0
  const { files, leftOut } = await collected
  return { names: files.map(({ name }) => name), leftOut }
}

it('takes files and folders of one drop, with all nested folders', async () => {
  const trip = { 'b.jpg': '', day: { 'c.jpg': '', night: { 'd.jpg': '' } } }
  expect(await collect(file('a.jpg'), folder(trip), file('e.jpg'))).toEqual({
    names: ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'e.jpg'],
    leftOut: 0,
  })
})

it('takes every single file whatever its type, but only images from folders', async () => {
  const content = {
    'n.txt': '',
    '.DS_Store': '',
    '.x.jpg': '',
    'raw.HEIC': '',
    'photo.jpg': '',
    's.tif': '',
  }
  expect(await collect(file('n.txt'), folder(content))).toEqual({
    names: ['n.txt', 'raw.HEIC', 'photo.jpg', 's.tif'],
    leftOut: 3,
  })
})

it('reads a folder to its end', async () => {
  const names = Array.from({ length: 250 }, (_, index) => `${index}.jpg`)
  const content = Object.fromEntries(names.map((name) => [name, '']))
  expect((await collect(folder(content))).names).toHaveLength(250)
})

it('takes the other files when some cannot be read', async () => {
  const content = { 'a.jpg': 'unreadable', inner: { 'cut off': '' }, 'b.jpg': '' }
  expect(await collect(folder(content), item(null), file('c.jpg'))).toEqual({
    names: ['b.jpg', 'c.jpg'],
    leftOut: 3,
  })
})

it('takes files from a browser without entries, and ignores text in the same drop', async () => {
  const text = { kind: 'string', getAsFile: () => null }
  const bare = { kind: 'file', getAsFile: () => makeFile('a.jpg') }
  expect(await collect(text, bare)).toEqual({ names: ['a.jpg'], leftOut: 0 })
})
