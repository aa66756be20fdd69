import { execFileSync } from 'node:child_process'
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { makeDataFolder } from '../../../test/harness.ts'
import { findFiles } from './find-files.ts'

let root: string
beforeEach(() => {
  root = realpathSync(makeDataFolder())
})

function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
  }
}

async function find({
  except = [],
  everything = false,
}: {
  except?: string[]
  everything?: boolean
} = {}) {
  const options = { except: except.map((path) => Buffer.from(path)), everything }
  const found = await Array.fromAsync(findFiles(Buffer.from(root), options))
  return found.map(({ path, folders, name, error }) => {
    expect(path.toString()).toBe([root, ...folders, name].join('/'))
    return error ? `${name}: ${error.message}` : [...folders, name].join('/')
  })
}

describe('finding files', () => {
  it('finds files depth first, sorted by name', async () => {
    put('b.jpg', 'a/z.jpg', 'a/b/1.jpg', 'a/b/10.jpg', 'a/b/2.jpg', 'c/x.jpg', 'B.jpg', 'ä.jpg')
    expect(await find()).toEqual([
      'B.jpg',
      'a/b/1.jpg',
      'a/b/10.jpg',
      'a/b/2.jpg',
      'a/z.jpg',
      'b.jpg',
      'c/x.jpg',
      'ä.jpg',
    ])
  })

  it('skips hidden entries, links to folders, and entries that are neither file nor folder', async () => {
    put('.hidden.jpg', '.git/a.jpg', 'shown/a.jpg')
    symlinkSync(root, join(root, 'shown/circle'))
    symlinkSync('shown', join(root, 'link'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    expect(await find()).toEqual(['shown/a.jpg'])
  })

  it('skips the excluded folders', async () => {
    put('a.jpg', 'data/files/b.jpg', 'other/data/c.jpg')
    expect(await find({ except: [join(root, 'data')] })).toEqual(['a.jpg', 'other/data/c.jpg'])
    const both = [join(root, 'data'), join(root, 'other')]
    expect(await find({ except: both })).toEqual(['a.jpg'])
  })

  it('skips what systems and photo software make for themselves, unless everything is wanted', async () => {
    const own = [
      ...['#recycle/a.jpg', '$RECYCLE.BIN/a.jpg', '.DS_Store', '._a.jpg', '.thumbnails/a.jpg'],
      ...[
        '@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg',
        'Thumbs.db',
        '__MACOSX/._a.jpg',
        '__MACOSX/a.jpg',
        'thumbs.db',
      ],
    ]
    put(...own, 'a.jpg', 'recycle/a.jpg', 'thumbs.db.jpg')
    expect(await find()).toEqual(['a.jpg', 'recycle/a.jpg', 'thumbs.db.jpg'])
    expect((await find({ everything: true })).sort()).toEqual(
      [...own, 'a.jpg', 'recycle/a.jpg', 'thumbs.db.jpg'].sort(),
    )
  })

  it('follows a link to a file, and reports a broken link', async () => {
    put('a.jpg')
    symlinkSync('a.jpg', join(root, 'b.jpg'))
    symlinkSync('gone', join(root, 'c.jpg'))
    expect(await find()).toEqual(['a.jpg', 'b.jpg', expect.stringMatching(/^c\.jpg: ENOENT/)])
  })

  it('gives each file its sidecar, and yields none alone', async () => {
    put(
      'a.jpg',
      'a.jpg.xmp',
      'a.xmp',
      'a.cr2',
      'b.c.JPG',
      'b.c.XMP',
      'd.jpg',
      'd.JPG.xmp',
      'lone.xmp',
    )
    put('folder.xmp/e.jpg', 'f.jpg', 'other/f.xmp', 'g', 'g.xmp', '.h.xmp')
    symlinkSync('gone', join(root, 'i.xmp'))
    const found = await Array.fromAsync(findFiles(Buffer.from(root), { except: [] }))
    const shown = found.map(({ name, sidecar }) => [
      name,
      sidecar?.toString().slice(root.length + 1),
    ])
    expect(shown).toEqual([
      ['a.cr2', 'a.xmp'],
      ['a.jpg', 'a.jpg.xmp'],
      ['b.c.JPG', 'b.c.XMP'],
      ['d.jpg', undefined],
      ['f.jpg', undefined],
      ['e.jpg', undefined],
      ['g', 'g.xmp'],
    ])
  })

  it('finds names that are not UTF-8', async () => {
    const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xfc, 0x72])])
    writeFileSync(path, '')
    const [found] = await Array.fromAsync(findFiles(Buffer.from(root), { except: [] }))
    expect(found?.path).toEqual(path)
    expect(found?.name).toBe('f\ufffdr')
  })
})
