import { linkSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fillLibrary } from '../test/fill-library.ts'
import { makeJpeg } from '../test/fixtures.ts'
import { type Client, signIn, startServer } from '../test/harness.ts'

/** The number of different pictures; the others are hard links to them. */
const SAMPLES = 24

/**
 * Makes a library of many items whose thumbnails all have URLs of their own, so that a browser must fetch
 * and decode each of them.
 * @param data an empty folder; no server may run on it
 */
export async function fillPictures(data: string, items: number): Promise<void> {
  const server = await startServer({}, data)
  await addSamples(await signIn(server))
  await server.stop()
  const names = Array.from({ length: items - SAMPLES }, (_, index) => ({ name: `Item ${index}` }))
  await fillLibrary(data, names)
  linkThumbnails(data)
}

async function addSamples(client: Client): Promise<void> {
  for (let seed = 1; seed <= SAMPLES; seed++) {
    const [width, height] = seed % 3 === 0 ? [600, 800] : [900, 500 + 20 * seed]
    const { status, body } = await client.add(
      `Sample ${seed}`,
      [],
      await makeJpeg({ width, height, seed }),
    )
    if (status !== 200) throw new Error(`The sample was refused: ${JSON.stringify(body)}`)
  }
}

function linkThumbnails(data: string): void {
  const database = new DatabaseSync(join(data, 'vitrine.db'))
  database.exec('BEGIN')
  const samples = database
    .prepare(
      `SELECT variants.*, files.width AS full_width, files.height AS full_height, files.thumbhash
       FROM variants JOIN files ON files.id = file_id WHERE name = 'scaled'`,
    )
    .all()
  const insert = database.prepare(
    `INSERT INTO variants (file_id, name, key, sha256, size, width, height)
     VALUES (?, 'scaled', ?, ?, ?, ?, ?)`,
  )
  const update = database.prepare(
    'UPDATE files SET width = ?, height = ?, thumbhash = ? WHERE id = ?',
  )
  const bare = database
    .prepare('SELECT id FROM files WHERE id NOT IN (SELECT file_id FROM variants)')
    .all()
  for (const [index, { id }] of bare.entries()) {
    const sample = samples[index % samples.length]
    if (!sample || typeof id !== 'number') throw new Error('There are no samples.')
    const hex = id.toString(16).padStart(32, '0')
    const key = `variants/${hex.slice(-3)}/${hex}.webp`
    const file = join(data, 'files', key)
    mkdirSync(dirname(file), { recursive: true })
    linkSync(join(data, 'files', String(sample.key)), file)
    const { sha256, size, width, height, full_width, full_height, thumbhash } = sample
    insert.run(id, key, sha256 ?? null, size ?? null, width ?? null, height ?? null)
    update.run(full_width ?? null, full_height ?? null, thumbhash ?? null, id)
  }
  database.exec('COMMIT')
  database.close()
}
