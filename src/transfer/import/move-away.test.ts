import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { makeDataFolder } from '../../../test/harness.ts'
import { moveAway } from './move-away.ts'

let root: string
beforeEach(() => {
  root = realpathSync(makeDataFolder())
})

async function move(path: string, text: string, to: string, reason?: string) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  const options = { root: Buffer.from(root), to, ...(reason !== undefined && { reason }) }
  await moveAway({ path: Buffer.from(join(root, path)) }, options)
}
const contents = () =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]),
  )

it('moves a file below the names of its folders, with the reason beside it', async () => {
  await move('a.jpg', 'a', 'imported')
  await move('Japan/Tokyo/b.jpg', 'b', 'refused', 'It is no image.')
  expect(contents()).toEqual({
    'imported/a.jpg': 'a',
    'refused/Japan/Tokyo/b.jpg': 'b',
    'refused/Japan/Tokyo/b.jpg.txt': 'It is no image.\n',
  })
  const mode = (path: string) => statSync(join(root, path)).mode & 0o777
  expect(mode('refused/Japan')).toBe(mode('.'))
})

it('never replaces a file that is there', async () => {
  for (const text of ['1', '2', '3']) await move('a.tar.jpg', text, 'refused', `Reason ${text}.`)
  for (const text of ['4', '5']) await move('none', text, 'imported')
  expect(contents()).toEqual({
    'refused/a.tar.jpg': '1',
    'refused/a.tar.jpg.txt': 'Reason 1.\n',
    'refused/a.tar (2).jpg': '2',
    'refused/a.tar (2).jpg.txt': 'Reason 2.\n',
    'refused/a.tar (3).jpg': '3',
    'refused/a.tar (3).jpg.txt': 'Reason 3.\n',
    'imported/none': '4',
    'imported/none (2)': '5',
  })
})

it('moves a file whose name is not UTF-8', async () => {
  const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xfc, 0x72])])
  writeFileSync(path, 'x')
  await moveAway({ path }, { root: Buffer.from(root), to: 'imported' })
  expect(readdirSync(join(root, 'imported'), 'latin1')).toEqual(['f\u00fcr'])
})

it('leaves no empty file behind if the file is gone', async () => {
  const path = Buffer.from(join(root, 'gone.jpg'))
  await expect(moveAway({ path }, { root: Buffer.from(root), to: 'imported' })).rejects.toThrow(
    'ENOENT',
  )
  expect(contents()).toEqual({})
})

describe('a sidecar', () => {
  const put = (...names: string[]) => {
    for (const name of names) writeFileSync(join(root, name), name)
  }
  const moveWith = (name: string, sidecar: string, to = 'imported') =>
    moveAway(
      { path: Buffer.from(join(root, name)), sidecar: Buffer.from(join(root, sidecar)) },
      { root: Buffer.from(root), to },
    )

  it('goes along, named as its file is then', async () => {
    for (const number of ['', ' (2)']) {
      put('a.jpg', 'a.XMP', 'b.jpg', 'b.jpg.xmp')
      await moveWith('a.jpg', 'a.XMP')
      await moveWith('b.jpg', 'b.jpg.xmp')
      const names = [`a${number}.jpg`, `a${number}.XMP`, `b${number}.jpg`, `b${number}.jpg.xmp`]
      expect(Object.keys(contents())).toEqual(
        expect.arrayContaining(names.map((name) => `imported/${name}`)),
      )
    }
    expect(Object.keys(contents())).toHaveLength(8)
  })

  it('is copied while another file has it too', async () => {
    put('a.jpg', 'a.cr2', 'a.heic', 'a.heic.xmp', 'a.xmp')
    await moveWith('a.jpg', 'a.xmp')
    expect(Object.keys(contents())).toContain('a.xmp')
    await moveWith('a.cr2', 'a.xmp', 'refused')
    expect(contents()).toEqual({
      'a.heic': 'a.heic',
      'a.heic.xmp': 'a.heic.xmp',
      'imported/a.jpg': 'a.jpg',
      'imported/a.xmp': 'a.xmp',
      'refused/a.cr2': 'a.cr2',
      'refused/a.xmp': 'a.xmp',
    })
  })
})
