import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { searchTexts } from '../../test/fill-library.ts'
import { makeAnimatedGif, makeJpeg, makePng } from '../../test/fixtures.ts'
import { makeDataFolder } from '../../test/harness.ts'
import { openLibrary } from '../app.ts'
import { readConfig } from '../config.ts'
import { createIncomingFile } from '../http/body/incoming-file.ts'
import { createLog } from '../http/operate/logging.ts'
import { addMedia } from '../media/change/add.ts'
import { removeMedia } from '../media/change/remove.ts'
import { addCollection } from '../media/collections/change-collection.ts'
import { collectItems } from '../media/collections/collect-items.ts'
import { readNewCollection } from '../media/collections/collection-fields.ts'
import type { Library } from '../media/library.ts'
import { mediaGrams } from '../media/list/search.ts'
import { mergeMedia } from '../media/trash/merge.ts'
import { trashItems } from '../media/trash/trash.ts'
import { newKey, type Storage } from '../storage/storage.ts'
import { checkFiles } from '../upkeep/check-files.ts'
import { checkStrays } from '../upkeep/check-strays.ts'
import type { Check, Finding } from '../upkeep/finding.ts'
import { doctor } from './doctor.ts'

const configOf = (data: string) =>
  readConfig({ VITRINE_DATA: data, VITRINE_LOG_LEVEL: 'silent', VITRINE_IMAGE_WORKERS: '1' })

/** Four items of three files: 1 (with `high`) and 4 show the same file, 3 is animated. */
let sound: string
let data: string

beforeAll(async () => {
  sound = makeDataFolder()
  const library = await openLibrary(configOf(sound), createLog('silent'))
  const same = await makeJpeg()
  const images = [same, await makePng({ seed: 2 }), await makeAnimatedGif(3), same]
  for (const [index, bytes] of images.entries()) {
    const file = createIncomingFile(library.temporary.newFile, bytes.length)
    await file.write(bytes)
    const image = await file.finish()
    if (!image) throw new Error('There are no bytes.')
    await addMedia(library, { name: `Picture ${index + 1}`, tags: ['tag'], image })
    await file.discard()
  }
  await library.renders.render(1, { name: 'high' })
  await library.close()
})

beforeEach(() => {
  data = makeDataFolder()
  cpSync(sound, data, { recursive: true })
})

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** Runs the command. Returns what it prints, and whether the library was sound at its end. */
async function examine(options: { repair?: boolean; quick?: boolean } = {}) {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line))
  await doctor(configOf(data), options)
  return { lines: lines.slice(0, -1), last: lines.at(-1), isSound: process.exitCode === 0 }
}

function inDatabase<T>(work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(data, 'vitrine.db'), {
    enableForeignKeyConstraints: false,
    defensive: false,
  })
  try {
    return work(database)
  } finally {
    database.close()
  }
}

const run = (sql: string) => inDatabase((database) => database.exec(sql))

const select = (sql: string) =>
  inDatabase((database) => database.prepare(sql).all()) as Record<string, string | number>[]

function keyOf(sql: string): string {
  return String(select(sql)[0]?.key)
}

const ORIGINAL = 'SELECT key FROM files WHERE id = 1'
const SCALED = "SELECT key FROM variants WHERE file_id = 1 AND name = 'scaled'"
const HIGH = "SELECT key FROM variants WHERE file_id = 1 AND name = 'high'"
const pathOf = (key: string) => join(data, 'files', key)

function flipByte(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

const reversed = mediaGrams(searchTexts('Picture 2', ['tag']))
  .split(' ')
  .reverse()
  .join(' ')

const SOUND = {
  lines: [],
  last: '4 items, 3 files, 7 objects checked: nothing found',
  isSound: true,
}

describe('doctor', () => {
  it('finds nothing in a sound library', async () => {
    expect(await examine()).toEqual(SOUND)
    expect(await examine({ repair: true })).toEqual(SOUND)
  })

  it('makes no library where there is none', async () => {
    data = join(data, 'mistyped')
    await expect(examine()).rejects.toThrow('There is no library in')
  })

  describe.each([
    { is: 'scaled image', key: SCALED },
    { is: 'high image', key: HIGH },
  ])('renders anew a $is', ({ is, key }) => {
    it.each([
      { how: 'is missing from storage', harm: (path: string) => rmSync(path) },
      { how: 'has other bytes than were stored', harm: flipByte },
      { how: 'has 10 bytes instead of', harm: (path: string) => truncateSync(path, 10) },
    ])('that $how', async ({ how, harm }) => {
      const before = { key: keyOf(key), bytes: readFileSync(pathOf(keyOf(key))) }
      harm(pathOf(before.key))
      const problem = new RegExp(
        `^The ${is} of item 1 "Picture 1", item 4 "Picture 4" ${how}.* \\(${before.key}\\)\\. `,
      )

      const report = await examine()
      expect(report).toMatchObject({ lines: [expect.stringMatching(problem)], isSound: false })
      expect(report.last).toContain('1 found')

      const repair = await examine({ repair: true })
      expect(repair.lines).toEqual([expect.stringMatching(problem)])
      expect(repair.lines[0]).toContain('Repaired: Rendered it anew.')
      expect(repair).toMatchObject({ isSound: true })

      expect(await examine()).toEqual(SOUND)
      expect(keyOf(key)).not.toBe(before.key)
      expect(readFileSync(pathOf(keyOf(key)))).toEqual(before.bytes)
    })
  })

  it('makes a scaled image that has no row', async () => {
    const key = keyOf(SCALED)
    run("DELETE FROM variants WHERE file_id = 1 AND name = 'scaled'")
    const { lines } = await examine()
    expect(lines).toEqual([
      expect.stringContaining(
        'The scaled image of item 1 "Picture 1", item 4 "Picture 4" was never',
      ),
      expect.stringContaining(`Nothing names "${key}"`),
    ])
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
  })

  it('moves a damaged original aside, and reports it until it is restored', async () => {
    const key = keyOf(ORIGINAL)
    const bytes = readFileSync(pathOf(key))
    flipByte(pathOf(key))
    const damaged = readFileSync(pathOf(key))

    expect(await examine({ quick: true })).toEqual(SOUND)
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining('has other bytes than were stored')],
      isSound: false,
    })
    const { lines, isSound } = await examine({ repair: true })
    expect(isSound).toBe(false)
    const [, place = ''] = /Moved it to (\S+)\. Restore originals/.exec(lines[0] ?? '') ?? []
    expect(readFileSync(place)).toEqual(damaged)
    // The row stays, and the item with it.
    expect(await examine({ repair: true })).toMatchObject({
      lines: [expect.stringMatching(/is missing from storage.* its SHA-256 is [0-9a-f]{64}\.$/)],
      isSound: false,
    })
    writeFileSync(pathOf(key), bytes)
    expect(await examine()).toEqual(SOUND)
  })

  it('keeps an item and its images when the original is missing', async () => {
    rmSync(pathOf(keyOf(ORIGINAL)))
    flipByte(pathOf(keyOf(SCALED)))
    const { lines, isSound } = await examine({ repair: true })
    expect(lines).toEqual([
      expect.stringContaining('The original of item 1 "Picture 1"'),
      expect.stringContaining('Not repaired: its original is missing from storage.'),
    ])
    expect(isSound).toBe(false)
    expect(select('SELECT id FROM media')).toHaveLength(4)
    expect(select('SELECT name FROM variants WHERE file_id = 1')).toHaveLength(2)
    expect(readFileSync(pathOf(keyOf(SCALED))).length).toBeGreaterThan(0)
  })

  it('moves strays aside, whatever they are named', async () => {
    const key = newKey('variants', 'webp')
    const strays = [key, `${keyOf(ORIGINAL)}.part`, 'originals/notes.txt', 'variants/a/b c\n"d"']
    for (const stray of strays) {
      mkdirSync(dirname(pathOf(stray)), { recursive: true })
      writeFileSync(pathOf(stray), stray)
    }
    const { lines, isSound } = await examine()
    expect(isSound).toBe(false)
    expect(lines).toHaveLength(strays.length)
    for (const stray of strays) {
      expect(lines.join()).toContain(`Nothing names ${JSON.stringify(stray)} in storage.`)
    }
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
    const kept = await readdir(join(data, 'files/strays'), { recursive: true, withFileTypes: true })
    expect(kept.filter((entry) => entry.isFile())).toHaveLength(strays.length)
  })

  it('prints the number of pending journal entries, and counts none as a finding', async () => {
    const key = newKey('originals', 'jpg')
    mkdirSync(dirname(pathOf(key)), { recursive: true })
    writeFileSync(`${pathOf(key)}.part`, 'half')
    run(`INSERT INTO journal VALUES ('${key}', 'somebody', 0, NULL)`)
    expect(await examine()).toEqual({
      ...SOUND,
      lines: ['1 object is being added or deleted, or left for the server to remove.'],
      last: '4 items, 3 files, 8 objects checked: nothing found',
    })
  })

  it('deletes the row of a file that no item shows, and keeps its objects', async () => {
    const original = readFileSync(pathOf(keyOf('SELECT key FROM files WHERE id = 2')))
    run('DELETE FROM media WHERE file_id = 2; DELETE FROM media_search WHERE rowid = 2')
    run('UPDATE media_counts SET count = count - 1; UPDATE tags SET count = count - 1')
    expect(await examine()).toMatchObject({
      lines: expect.arrayContaining([expect.stringContaining('No item has the file 2')]),
      isSound: false,
    })
    const { lines, isSound } = await examine({ repair: true })
    expect(isSound).toBe(true)
    const [, place = ''] = /objects: ([^,\s]+)/.exec(lines.join()) ?? []
    expect(readFileSync(place)).toEqual(original)
    expect(await examine()).toMatchObject({ lines: [], isSound: true })
  })

  it('counts the files of earlier versions as used, and names them', async () => {
    run(
      'INSERT INTO versions (media_id, version, file_id, added_at) VALUES (1, 1, 2, 5), (1, 2, 1, 6)',
    )
    run('DELETE FROM media WHERE id = 2; DELETE FROM media_search WHERE rowid = 2')
    run('UPDATE media_counts SET count = count - 1; UPDATE tags SET count = count - 1')
    // What is derived from the item.
    await examine({ repair: true })
    expect(await examine()).toMatchObject({ lines: [], isSound: true })
    expect(await examine({ repair: true })).toMatchObject({ lines: [], isSound: true })
    rmSync(pathOf(keyOf('SELECT key FROM files WHERE id = 2')))
    expect((await examine()).lines).toEqual([
      expect.stringMatching(/^The original of version 1 of item 1 "Picture 1" is missing/),
    ])
  })

  it('finds an item that does not show its newest version, and makes one', async () => {
    run(
      'INSERT INTO versions (media_id, version, file_id, added_at) VALUES (1, 1, 1, 5), (1, 2, 2, 6)',
    )
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining('Item 1 does not show its newest version, 2.')],
      isSound: false,
    })
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(select('SELECT version, file_id FROM versions')).toEqual([
      { version: 1, file_id: 1 },
      { version: 2, file_id: 2 },
      { version: 3, file_id: 1 },
    ])
    expect(await examine()).toMatchObject({ lines: [], isSound: true })
  })

  it('repairs orders', async () => {
    run('DELETE FROM order_blocks WHERE list IN (0, 6)')
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining('the order by name, the order by change.')],
      isSound: false,
    })
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
  })

  it.each([
    { is: 'too many', sql: 'UPDATE media_counts SET count = 5 WHERE level = 20' },
    { is: 'too few', sql: 'UPDATE media_counts SET count = 1' },
    { is: 'gone', sql: 'DELETE FROM media_counts' },
    { is: 'of nothing', sql: 'INSERT INTO media_counts VALUES (10, 7, 3)' },
  ])('repairs counts that are $is', async ({ sql }) => {
    run(sql)
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining('The items are counted wrongly')],
      isSound: false,
    })
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
  })

  it.each([
    {
      is: 'with wrong values',
      sql: `UPDATE media_json SET json = '{"id":2}' WHERE id = 2`,
      problem: 'Lists do not show item 2 "Picture 2" as it is.',
    },
    {
      is: 'not at all',
      sql: 'DELETE FROM media_json WHERE id = 3',
      problem: 'Lists do not show item 3 "Picture 3" as it is.',
    },
    {
      is: 'though it does not exist',
      sql: `INSERT INTO media_json VALUES (9, '{"id":9}')`,
      problem: 'Lists show an item 9 that is not there.',
    },
  ])('repairs the list JSON of an item that lists show $is', async ({ sql, problem }) => {
    run(sql)
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining(problem)],
      isSound: false,
    })
    const version = select('SELECT version FROM library')
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
    expect(select('SELECT version FROM library')).not.toEqual(version)
  })

  describe('with collections', () => {
    beforeEach(async () => {
      const { database, close } = await openLibrary(configOf(data), createLog('silent'))
      const top = await addCollection(database, readNewCollection({ name: 'Top' }))
      await addCollection(database, readNewCollection({ name: 'Below', parent: top.id }))
      await collectItems(database, [1, 2], { add: [1, 2], remove: [] })
      await close()
    })

    it('finds nothing wrong with them', async () => {
      expect(await examine()).toEqual(SOUND)
    })

    it.each([
      [
        `UPDATE media SET collections = '[2]' WHERE id = 1`,
        'The collections that items name are not those that they are in: item 1 "Picture 1".',
      ],
      [
        'DELETE FROM collection_items WHERE media_id = 2',
        'The collections that items name are not those that they are in: item 2 "Picture 2".',
      ],
      [
        'UPDATE collection_items SET position = 3 WHERE collection_id = 2',
        'Items of the collection 2 "Below" have no places of their own in its order.',
      ],
      [
        'INSERT INTO collection_items VALUES (1, 99, 4)',
        'An item 99 that is not there is in collections.',
      ],
      ['DELETE FROM collections WHERE id = 1', 'Items are in a collection 1 that is not there.'],
      [
        'UPDATE collections SET parent = 2 WHERE id = 2',
        'The collection 2 "Below" is below itself.',
      ],
      [
        'UPDATE collections SET cover = 99 WHERE id = 1',
        'The cover of collection 1 "Top" is an item that is not there.',
      ],
    ])('finds and repairs what %s does', async (sql, problem) => {
      run(sql)
      const { lines, isSound } = await examine()
      expect(isSound).toBe(false)
      expect(lines).toContainEqual(expect.stringContaining(problem))
      expect(await examine({ repair: true })).toMatchObject({ isSound: true })
      expect(await examine()).toEqual(SOUND)
    })

    it('makes a lost collection again, with its items in their order', async () => {
      run('DELETE FROM collections WHERE id = 1')
      await examine({ repair: true })
      expect(select('SELECT name, parent FROM collections ORDER BY id')).toEqual([
        { name: 'Collection 1', parent: null },
        { name: 'Below', parent: 1 },
      ])
      expect(
        select('SELECT media_id FROM collection_items WHERE collection_id = 1 ORDER BY position'),
      ).toEqual([{ media_id: 1 }, { media_id: 2 }])
      expect(select("SELECT live FROM facets WHERE kind = 'under' AND value = '1'")).toEqual([
        { live: 2 },
      ])
    })
  })

  describe('with items in the trash', () => {
    beforeEach(async () => {
      const library = await openLibrary(configOf(data), createLog('silent'))
      expect(await trashItems(library.database, [1])).toEqual([])
      await mergeMedia(library.database, { into: 3, ids: [2] })
      await library.close()
    })

    it('finds nothing wrong with them', async () => {
      expect(await examine()).toEqual(SOUND)
    })

    it.each([
      [`INSERT INTO media_json VALUES (2, '{"id":2}')`, 'Lists show an item 2 that is not there.'],
      ['UPDATE media_counts SET count = 4', 'The items are counted wrongly'],
      ['UPDATE tags SET count = 4', 'Tags are counted or folded wrongly: "tag".'],
      [
        `INSERT INTO media_search (rowid, grams) VALUES (1, '${mediaGrams(searchTexts('Picture 1', ['tag']))}')`,
        'The search index disagrees with 1 of the items: 1.',
      ],
      [
        'UPDATE media SET merged_into = 99 WHERE id = 2',
        'It is recorded that item 2 "Picture 2" was moved to the trash or merged into another item',
      ],
      [
        `UPDATE media SET trashed_by = 'ada' WHERE id = 4`,
        'It is recorded that item 4 "Picture 4" was moved to the trash or merged into another item',
      ],
      [
        `INSERT INTO moved_addresses VALUES ('7', 99)`,
        'The address of a merged item (7) leads to an item 99 that is not there.',
      ],
    ])('finds and repairs what %s does', async (sql, problem) => {
      run(sql)
      expect(await examine()).toMatchObject({
        lines: [expect.stringContaining(problem)],
        isSound: false,
      })
      expect(await examine({ repair: true })).toMatchObject({ isSound: true })
      expect(await examine()).toEqual(SOUND)
    })
  })

  it.each([
    { is: 'too many', sql: 'UPDATE tags SET count = 5', tag: 'tag' },
    { is: 'too few', sql: 'UPDATE tags SET count = 1', tag: 'tag' },
    { is: 'gone', sql: 'DELETE FROM tags', tag: 'tag' },
    {
      is: 'of nothing',
      sql: "INSERT INTO tags (tag, folded, count) VALUES ('none', 'none', 1)",
      tag: 'none',
    },
    { is: 'not found', sql: "UPDATE tags SET folded = 'other'", tag: 'tag' },
  ])('repairs tags that are $is', async ({ sql, tag }) => {
    run(sql)
    const problem = `Tags are counted or folded wrongly: "${tag}".`
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining(problem)],
      isSound: false,
    })
    const version = select('SELECT version FROM library')
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
    expect(select('SELECT version FROM library')).not.toEqual(version)
  })

  it.each([
    {
      is: 'without an item',
      sql: `UPDATE facet_chunks SET bits = x'010002000400'
        WHERE facet_id = (SELECT id FROM facets WHERE kind = 'tag')`,
      facet: 'tag "tag"',
    },
    {
      is: 'with an item that lacks them',
      sql: `UPDATE facet_chunks SET bits = x'0100020003000400'
        WHERE facet_id = (SELECT id FROM facets WHERE kind = 'type' AND value = 'gif')`,
      facet: 'type "gif"',
    },
    {
      is: 'with an item that does not exist',
      sql: `INSERT INTO facet_chunks SELECT id, 7, x'0100' FROM facets WHERE kind = 'tag'`,
      facet: 'items that are not there',
    },
    {
      is: 'counted wrongly',
      sql: 'UPDATE facets SET live = 1 WHERE live = 4',
      facet: 'in "library"',
    },
    {
      is: 'of nothing',
      sql: "INSERT INTO facets (kind, value, items, live) VALUES ('color', 'none', 1, 1)",
      facet: 'color "none"',
    },
    { is: 'gone', sql: 'DELETE FROM facets', facet: 'in "library"' },
    { is: 'without their items', sql: 'DELETE FROM facet_chunks', facet: 'in "library"' },
    { is: 'spelt otherwise', sql: `UPDATE facets SET label = 'TAG'`, facet: 'tag "tag"' },
    { is: 'not found', sql: `UPDATE facets SET folded = 'other'`, facet: 'tag "tag"' },
  ])('repairs filters that are $is', async ({ sql, facet }) => {
    run(sql)
    const { lines } = await examine()
    expect(lines).toEqual([expect.stringContaining('Filters find wrong items')])
    expect(lines[0]).toContain(facet)
    const version = select('SELECT version FROM library')
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
    expect(select('SELECT version FROM library')).not.toEqual(version)
  })

  it('builds what filters are read from, where an earlier version has not', async () => {
    const facets = 'SELECT kind, value, items, live, label, folded FROM facets ORDER BY 1, 2'
    const before = select(facets)
    run("DELETE FROM facets; DELETE FROM facet_chunks; UPDATE tags SET key = ''")
    run('UPDATE library SET derived = 0')
    expect(await examine()).toMatchObject({
      lines: [
        expect.stringContaining('Tags are counted or folded wrongly'),
        expect.stringContaining('has not been built yet'),
      ],
      isSound: false,
    })
    expect(await examine({ repair: true })).toEqual(SOUND)
    expect(await examine()).toEqual(SOUND)
    expect(select(facets)).toEqual(before)
  })

  it.each([
    {
      is: 'without an item',
      sql: 'DELETE FROM media_search WHERE rowid IN (2, 3)',
      problem: 'disagrees with 2 of the items: 2, 3.',
    },
    {
      is: 'with an item that does not exist',
      sql: "INSERT INTO media_search (rowid, grams) VALUES (5000000, 'abc')",
      problem: 'disagrees with 1 of the items: 5000000.',
    },
    {
      is: 'with an old name',
      sql: "UPDATE media SET name = 'Renamed' WHERE id = 3",
      problem: 'disagrees with 1 of the items: 3.',
    },
    {
      is: 'with the grams of another item',
      sql: "UPDATE media SET name = CASE id WHEN 1 THEN 'Picture 2' ELSE 'Picture 1' END WHERE id < 3",
      problem: 'disagrees with 2 of the items: 1, 2.',
    },
    {
      is: 'with grams in another order',
      sql: `DELETE FROM media_search WHERE rowid = 2;
        INSERT INTO media_search (rowid, grams) VALUES (2, '${reversed}')`,
      problem: 'disagrees with 1 of the items: 2.',
    },
    {
      is: 'with 300 entries of no item',
      sql: `WITH RECURSIVE ids (id) AS (SELECT 1001 UNION ALL SELECT id + 1 FROM ids WHERE id < 1300)
        INSERT INTO media_search (rowid, grams) SELECT id, '${reversed}' FROM ids`,
      problem: 'disagrees with 300 of the items: 1001, ',
    },
    {
      is: 'with an entry that cannot be deleted',
      sql: 'DELETE FROM media_search_docsize WHERE id = 1',
      problem: 'disagrees with 1 of the items: 1.',
    },
    {
      is: 'with broken pages',
      sql: "UPDATE media_search_data SET block = x'00000008ffffffff' WHERE id > 10",
      problem: 'is damaged: ',
    },
    {
      is: 'without its pages',
      sql: 'DELETE FROM media_search_data WHERE id > 10',
      problem: 'is damaged: ',
    },
  ])('repairs a search index $is', async ({ sql, problem }) => {
    run(sql)
    expect(await examine()).toMatchObject({
      // Where the item changed too, others are found beside it.
      lines: expect.arrayContaining([expect.stringContaining(`The search index ${problem}`)]),
      isSound: false,
    })
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
  })

  it('repairs digests that do not match their bytes', async () => {
    run(`UPDATE files SET high_digest = '${randomBytes(16).toString('base64url')}' WHERE id = 3`)
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining('The immutable URLs of item 3 "Picture 3"')],
      isSound: false,
    })
    const version = select('SELECT version FROM library')
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
    // Lists show the URLs, so copies of them are stale.
    expect(select('SELECT version FROM library')).not.toEqual(version)
  })

  it('repairs the time of the latest addition', async () => {
    run('UPDATE library SET last_added_at = 5')
    expect(await examine()).toMatchObject({
      lines: [expect.stringContaining('time of the latest addition')],
    })
    expect(await examine({ repair: true })).toMatchObject({ isSound: true })
    expect(await examine()).toEqual(SOUND)
  })

  it.each([
    {
      is: 'timestamps that decrease',
      sql: 'UPDATE media SET added_at = 1 WHERE id = 2',
      problem: 'The timestamp of item 2 "Picture 2" is before that of item 1 "Picture 1".',
    },
    {
      is: 'an item without a file',
      sql: 'UPDATE media SET file_id = 99 WHERE id = 4',
      problem: 'item 4 "Picture 4" has no file.',
    },
    {
      is: 'malformed tags',
      sql: `UPDATE media SET tags = '["tag"' WHERE id = 2`,
      problem:
        'The name or the tags of item 2 "Picture 2" are not in the form in which Vitrine stores them: ["tag".',
    },
    {
      is: 'tags of another kind',
      sql: "UPDATE media SET tags = '5' WHERE id = 2",
      problem:
        'The name or the tags of item 2 "Picture 2" are not in the form in which Vitrine stores them: 5.',
    },
    {
      is: 'rows that belong to nothing',
      sql: "INSERT INTO user_roles VALUES (99, 'admin')",
      problem: 'of the table user_roles refers to a row of users that is not there.',
    },
  ])('reports $is, which only a person can repair', async ({ sql, problem }) => {
    run(sql)
    const { lines, isSound } = await examine({ repair: true })
    expect(lines[0]).toContain(problem)
    expect(isSound).toBe(false)
  })

  describe('does not report a concurrent change:', () => {
    /** Runs one check with some methods of the storage replaced. */
    async function findWith(
      check: Check,
      intervene: (library: Library) => Partial<Storage>,
    ): Promise<Finding[]> {
      const library = await openLibrary(configOf(data), createLog('silent'))
      try {
        const storage = { ...library.storage, ...intervene(library) }
        const examined = { ...library, storage, quick: false }
        return await Array.fromAsync(check(examined, () => {}))
      } finally {
        await library.close()
      }
    }

    it('an item deleted after its row was read', async () => {
      let removal: Promise<void> | undefined
      const findings = await findWith(checkFiles, (library) => ({
        async size(key) {
          removal ??= removeMedia(library, 2)
          await removal
          return library.storage.size(key)
        },
      }))
      expect(findings).toEqual([])
    })

    it('an object removed after it was listed', async () => {
      let listings = 0
      const findings = await findWith(checkStrays, ({ storage }) => ({
        async *list() {
          yield* storage.list()
          listings += 1
          const key = newKey('originals', 'jpg')
          if (listings === 1) yield* [key, `${key}.part`].map((name) => ({ key: name, size: 1 }))
        },
      }))
      expect(findings).toEqual([])
      expect(listings).toBe(2)
    })
  })

  it.each([
    { is: 'is no database', harm: (path: string) => writeFileSync(path, randomBytes(10_000)) },
    { is: 'was cut short', harm: (path: string) => truncateSync(path, 10_000) },
  ])('reports a database file that $is', async ({ harm }) => {
    harm(join(data, 'vitrine.db'))
    await expect(examine()).rejects.toThrow(/^The database cannot be read: .* from a backup\.$/)
  })

  it('reports a damaged database file', async () => {
    const path = join(data, 'vitrine.db')
    const [{ page = 0 } = {}] = select(
      "SELECT rootpage AS page FROM sqlite_schema WHERE name = 'media_file_id'",
    )
    const [{ page_size = 0 } = {}] = select('PRAGMA page_size')
    const bytes = readFileSync(path)
    bytes.fill(0, (Number(page) - 1) * Number(page_size) + 8, Number(page) * Number(page_size))
    writeFileSync(path, bytes)
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    await expect(doctor(configOf(data), { repair: true })).rejects.toThrow('Nothing else was')
    expect(log).toHaveBeenCalledWith(expect.stringContaining('The database file is damaged: '))
  })
})
