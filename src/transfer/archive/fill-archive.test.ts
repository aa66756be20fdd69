import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { makeDataFolder } from '../../../test/harness.ts'
import { openLibraryStorage, replaceObject } from '../../../test/library-storage.ts'
import { locateDatabase } from '../../../test/postgres.ts'
import { stockLibrary } from '../../../test/stock-library.ts'
import { openDatabase } from '../../database/open.ts'
import { fetchObject, fetchToFile } from '../../storage/fetch-object.ts'
import { isKey, newKey, type Storage } from '../../storage/storage.ts'
import { openTemporaryFolder } from '../../storage/temporary.ts'
import { keysOf, readFile, removeFiles } from '../files.ts'
import type { OpenLibrary } from '../library-target.ts'
import { fillArchive } from './fill-archive.ts'
import { OBJECTS, ROWS } from './format.ts'
import { readArchive } from './read-archive.ts'
import { reduceRow } from './reduce-rows.ts'
import { writeArchive } from './write-archive.ts'

async function openTestLibrary(count: number) {
  const data = makeDataFolder()
  await stockLibrary(data, count)
  const database = await openDatabase(await locateDatabase(data))
  const storage = await openLibraryStorage(data)
  const temporary = await openTemporaryFolder({ data, log: pino({ level: 'silent' }) })
  onTestFinished(async () => {
    await temporary.close()
    await database.close()
  })
  return { data, library: { database, storage }, temporary }
}

type Opened = Awaited<ReturnType<typeof openTestLibrary>>

/** Makes a backup and reads it. Returns the keys of its objects, and its rows. */
async function backUp({ data, temporary }: Opened, library: OpenLibrary) {
  const path = join(data, 'backup.tar')
  const folder = await mkdtemp(join(temporary.path, 'test-'))
  const output = createWriteStream(path)
  const archive = writeArchive(output, { folder, keepOpen: false })
  const { signal } = new AbortController()
  const backedUp = await fillArchive(archive, library, temporary, folder, signal)
  const objects: string[] = []
  const rows = new Map<string, string[]>()
  for await (const { name, content } of readArchive(createReadStream(path), () => {})) {
    const text = Buffer.concat(await Array.fromAsync(content)).toString()
    if (isKey(name.slice(OBJECTS.length))) objects.push(name.slice(OBJECTS.length))
    else rows.set(name, text.split('\n').filter(Boolean))
  }
  const read = (table: string): Record<string, unknown>[] =>
    (rows.get(`${ROWS}${table}.ndjson`) ?? []).map((line) => JSON.parse(line))
  return {
    ...backedUp,
    objects,
    media: read('media'),
    files: read('files'),
    variants: read('variants'),
    versions: read('versions'),
  }
}

/** A storage that runs `work` before it opens an object for the nth time. */
function beforeOpen(storage: Storage, nth: number, work: () => Promise<void>): Storage {
  let count = 0
  return {
    ...storage,
    async open(key, range) {
      count += 1
      if (count === nth) await work()
      return storage.open(key, range)
    },
  }
}

it('contains a file that is deleted meanwhile completely or not at all', async () => {
  const opened = await openTestLibrary(30)
  const { database, storage } = opened.library
  // Deletes files of the second eight while they are read, and files before and after them.
  const deleted = [2, 9, 10, 11, 12, 20, 29]
  const remove = async () => {
    const files = await Promise.all(deleted.map((id) => readFile(database.read, id)))
    await database.write((trx) => removeFiles(trx, deleted, 0))
    await storage.remove(files.flatMap((stored) => (stored ? keysOf(stored) : [])))
  }
  const { faults, contents, objects, media, files, variants } = await backUp(opened, {
    database,
    storage: beforeOpen(storage, 21, remove),
  })
  expect(faults).toEqual([])
  const ids = files.map(({ id }) => id)
  expect(ids).toContain(2)
  expect(ids).not.toContain(20)
  // File 29 has the last two items.
  expect(media.map(({ id }) => id)).toEqual(ids)
  expect(objects.sort()).toEqual([...files, ...variants].map(({ key }) => key).sort())
  expect(objects).toHaveLength(2 * ids.length)
  expect(contents).toMatchObject({ items: ids.length, files: ids.length, variants: ids.length })
})

it('contains the new image of a file that is rendered again meanwhile', async () => {
  const opened = await openTestLibrary(12)
  const { database, storage } = opened.library
  // One of those that are read last.
  const old = await readFile(database.read, 9)
  const [image] = old?.variants ?? []
  if (!image) throw new Error('There is no image.')
  const key = newKey('variants', 'webp')
  const render = async () => {
    const path = join(opened.data, 'rendered')
    const fault = await fetchToFile(storage, image, path)
    expect(fault).toBeUndefined()
    await storage.put(key, path)
    await database.write((trx) =>
      trx.updateTable('variants').set({ key }).where('key', '=', image.key).execute(),
    )
    await storage.remove([image.key])
  }
  const { faults, objects, files, variants } = await backUp(opened, {
    database,
    storage: beforeOpen(storage, 1, render),
  })
  expect(faults).toEqual([])
  expect(objects).toContain(key)
  expect(objects).not.toContain(image.key)
  expect(objects.sort()).toEqual([...files, ...variants].map((row) => row.key).sort())
  // A restore needs this order.
  const ids = Array.from({ length: 11 }, (_, index) => index + 1)
  expect(files.map(({ id }) => id)).toEqual(ids)
  expect(variants.map(({ file_id }) => file_id)).toEqual(ids)
})

it('names rows that Vitrine never makes, because a restore would refuse them', async () => {
  const opened = await openTestLibrary(4)
  await opened.library.database.write(async (trx) => {
    await trx.updateTable('media').set({ name: 'a\u0007b' }).where('id', '=', 2).execute()
    await trx.updateTable('files').set({ color: 'red' }).where('id', '=', 1).execute()
    await trx.updateTable('users').set({ username: 'Edda' }).execute()
  })
  const { faults, contents, media, files } = await backUp(opened, opened.library)
  expect(faults).toEqual([
    'The row 1 of files has a color that Vitrine never makes: "red". Not backed up.',
    'The row 2 of media has a name that Vitrine never makes: "a\\u0007b". Not backed up.',
    'The row 1 of users has a username that Vitrine never makes: "Edda". A restore refuses the backup because of it.',
  ])
  expect(media.map(({ id }) => id)).toEqual([3, 4])
  // File 2 was only that of item 2.
  expect(files.map(({ id }) => id)).toEqual([3])
  expect(contents).toMatchObject({ items: 2, files: 1, users: 1 })
})

it('keeps no reference to a file or an item that it leaves out', () => {
  const table = {
    refersTo: { file_id: 'files', item_id: 'media' },
    mayName: { cover: 'media' },
  } as const
  const absent = { files: new Set([3]), media: new Set([7]) }
  const row = { file_id: 1, item_id: 3, cover: 3, name: 'Row' }
  expect(reduceRow(table, row, absent)).toEqual([row])
  expect(reduceRow(table, { ...row, cover: 7 }, absent)).toEqual([{ ...row, cover: null }])
  expect(reduceRow(table, { ...row, file_id: 3 }, absent)).toEqual([])
  expect(reduceRow(table, { ...row, item_id: 7 }, absent)).toEqual([])
})

it('names damaged objects and leaves them out', async () => {
  const opened = await openTestLibrary(6)
  const { database } = opened.library
  const keyOf = async (table: 'files' | 'variants', id: number) =>
    (
      await database.read
        .selectFrom(table)
        .select('key')
        .where(table === 'files' ? 'files.id' : 'variants.file_id', '=', id)
        .executeTakeFirstOrThrow()
    ).key
  const [original, scaled] = [await keyOf('files', 2), await keyOf('variants', 4)]
  for (const key of [original, scaled]) {
    await replaceObject(opened.data, key, randomBytes(50))
  }

  const { faults, objects, media, variants } = await backUp(opened, opened.library)
  expect(faults).toEqual([
    expect.stringMatching(
      `^Not backed up: item 2 "Picture 2 .*The original of .* has 50 bytes instead of 100.*${original}`,
    ),
    expect.stringMatching(
      `^The image of item 4 "Picture 4 .* has 50 bytes instead of 100.*${scaled}`,
    ),
  ])
  expect(media.map(({ id }) => id)).toEqual([1, 3, 4, 5, 6])
  expect(variants.map(({ file_id }) => file_id)).toEqual([1, 3, 5])
  expect(objects).toHaveLength(4 + 3)
})

it('leaves out what only an item has that it leaves out: earlier versions, and what leads to it', async () => {
  const opened = await openTestLibrary(8)
  const { database } = opened.library
  await database.write(async (trx) => {
    // Item 3 had the files 1 and 5 before. Item 1 has file 1 too. Item 5 has another one now.
    for (const [version, file_id] of [1, 5, 3].entries()) {
      const row = { media_id: 3, version: version + 1, file_id, added_at: 1 }
      await trx
        .insertInto('versions')
        .values({ ...row, added_by: null, file_name: null })
        .execute()
    }
    await trx.updateTable('media').set({ file_id: 6 }).where('id', '=', 5).execute()
    await trx
      .updateTable('media')
      .set({ trashed_at: 5, merged_into: 3 })
      .where('id', 'in', [2])
      .execute()
  })
  const lost = await readFile(database.read, 3)
  await replaceObject(opened.data, lost?.file.key ?? '', randomBytes(50))
  const { faults, contents, media, files, variants, versions } = await backUp(
    opened,
    opened.library,
  )
  expect(faults).toEqual([expect.stringMatching(/^Not backed up: item 3 "Picture 3/)])
  expect(media.map(({ id, merged_into }) => [id, merged_into])).toEqual(
    [1, 2, 4, 5, 6, 7, 8].map((id) => [id, null]),
  )
  expect(files.map(({ id }) => id)).toEqual([1, 2, 4, 6, 7])
  expect(variants.map(({ file_id }) => file_id)).toEqual([1, 2, 4, 6, 7])
  expect(versions).toEqual([])
  expect(contents).toMatchObject({ items: 7, files: 5, fileBytes: 500 })
  expect(contents).toMatchObject({ variants: 5, variantBytes: 500 })
})

it('names an original that cannot be read, and contains the rest', async () => {
  const opened = await openTestLibrary(6)
  const { database, storage } = opened.library
  const broken = await readFile(database.read, 2)
  const { faults, media, objects } = await backUp(opened, {
    database,
    storage: failReading(storage, broken?.file.key),
  })
  expect(faults).toEqual([
    expect.stringMatching(
      `^Not backed up: item 2 "Picture 2.*The original of .* cannot be read: EIO.*${broken?.file.key}`,
    ),
  ])
  expect(media.map(({ id }) => id)).toEqual([1, 3, 4, 5, 6])
  expect(objects).toHaveLength(2 * 4)
})

it('fails if a copy of an object cannot be written, but not if the object cannot be read', async () => {
  const { library } = await openTestLibrary(3)
  const stored = await readFile(library.database.read, 1)
  if (!stored) throw new Error('There is no file.')
  await expect(fetchToFile(library.storage, stored.file, '/nowhere/file')).rejects.toThrow('ENOENT')
  const broken = failReading(library.storage, stored.file.key)
  expect(await fetchObject(broken, stored.file)).toMatchObject({ kind: 'unreadable' })
})

/** A disk that has a bad block in one file. */
function failReading(storage: Storage, bad: string | undefined): Storage {
  return {
    ...storage,
    async open(key, range) {
      const opened = await storage.open(key, range)
      if (key !== bad) return opened
      opened.stream.destroy()
      const stream = Readable.from(
        (async function* () {
          yield Buffer.from('the first block')
          throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
        })(),
      )
      return { ...opened, stream }
    },
  }
}

it('is accepted as complete only if nothing in it was changed', async () => {
  const opened = await openTestLibrary(3)
  await backUp(opened, opened.library)
  const bytes = readFileSync(join(opened.data, 'backup.tar'))
  const read = async (archive: Buffer) => {
    const entries: string[] = []
    const chunks = (async function* () {
      for (let start = 0; start < archive.length; start += 1000) {
        yield archive.subarray(start, start + 1000)
      }
    })()
    for await (const { name, content } of readArchive(Readable.from(chunks), () => {})) {
      entries.push(name, Buffer.concat(await Array.fromAsync(content)).toString('hex'))
    }
    return entries
  }
  const sound = await read(bytes)
  expect(sound.length).toBeGreaterThan(10)

  const outcomes = { refused: 0, same: 0 }
  for (let place = 3; place < bytes.length; place += 61) {
    const flipped = Buffer.from(bytes)
    flipped[place] = (flipped[place] ?? 0) ^ 4
    await read(flipped).then(
      // The changed byte is in no entry, for example in the padding of a block.
      (entries) => {
        expect(entries).toEqual(sound)
        outcomes.same += 1
      },
      (error) => {
        expect(error.name).toBe('ArchiveFault')
        outcomes.refused += 1
      },
    )
  }
  expect(outcomes.refused).toBeGreaterThan(50)

  // The last 1024 bytes only mark the end of the archive.
  const ends = Array.from({ length: 40 }, (_, nth) =>
    Math.floor(((bytes.length - 1024) * nth) / 40),
  )
  for (const end of ends) {
    await expect(read(bytes.subarray(0, end))).rejects.toThrow(/cut short|no backup/)
  }
  expect(await read(bytes.subarray(0, -1024))).toEqual(sound)
})
