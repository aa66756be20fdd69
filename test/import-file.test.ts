import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { openLibrary } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/http/operate/logging.ts'
import { createAdder } from '../src/media/change/add-many.ts'
import { allocateFileMemory, importFile } from '../src/transfer/import/import-file.ts'
import { makePng } from './fixtures.ts'
import { makeDataFolder } from './harness.ts'

it('an added file counts as added even if its temporary file cannot be removed', async () => {
  const [data, folder] = [makeDataFolder(), makeDataFolder()]
  const config = readConfig({ VITRINE_DATA: data })
  const library = await openLibrary(config, createLog('silent'))
  try {
    const path = join(folder, 'tower.png')
    await writeFile(path, await makePng())
    const add = createAdder(library)
    const outcome = await importFile(
      library,
      async (media) => {
        await add(media)
        // A folder in the place of the file: it cannot be removed as a file.
        await rm(media.image.path)
        await mkdir(media.image.path)
      },
      { path: Buffer.from(path), folders: [], name: 'tower.png' },
      { maxImageBytes: config.maxImageBytes, memory: allocateFileMemory() },
    )
    expect(outcome).toEqual({ kind: 'added' })
  } finally {
    await library.close()
  }
})

it('adds files unchanged that are read into the same buffer, even if they are larger than it', async () => {
  const [data, folder] = [makeDataFolder(), makeDataFolder()]
  const { maxImageBytes, ...config } = readConfig({ VITRINE_DATA: data })
  const library = await openLibrary({ maxImageBytes, ...config }, createLog('silent'))
  try {
    const images = await Promise.all([30, 10, 20].map((width) => makePng({ width })))
    const memory = Buffer.allocUnsafeSlow(images[2]?.length ?? 0)
    for (const [index, image] of images.entries()) {
      const path = join(folder, `${index}.png`)
      await writeFile(path, image)
      const entry = { path: Buffer.from(path), folders: [], name: `${index}.png` }
      const add = createAdder(library)
      const reading = { maxImageBytes, memory }
      expect(await importFile(library, add, entry, reading)).toEqual({ kind: 'added' })
      expect(await importFile(library, add, entry, reading)).toEqual({ kind: 'known' })
    }
    const stored = await library.database.read
      .selectFrom('files')
      .select('key')
      .orderBy('id')
      .execute()
    for (const [index, { key }] of stored.entries()) {
      const { stream } = await library.storage.open(key)
      expect(await buffer(stream)).toEqual(images[index])
    }
    expect(stored).toHaveLength(3)
  } finally {
    await library.close()
  }
})
