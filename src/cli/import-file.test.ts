import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makePng } from '../../test/fixtures.ts'
import { makeDataFolder } from '../../test/harness.ts'
import { openLibrary } from '../app.ts'
import { readConfig } from '../config.ts'
import { createLog } from '../http/logging.ts'
import { createAdder } from '../media/add-many.ts'
import { importFile } from './import-file.ts'

it('a file that was added counts as added, whether or not its temporary file can be removed', async () => {
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
        // Which no file can be in the place of, and nothing that removes files removes.
        await rm(media.image.path)
        await mkdir(media.image.path)
      },
      { path: Buffer.from(path), folders: [], name: 'tower.png' },
      config.maxImageBytes,
    )
    expect(outcome).toEqual({ kind: 'added' })
  } finally {
    await library.close()
  }
})
