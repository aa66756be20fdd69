import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLibrary } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { Database } from '../src/database/database.ts'
import { createLog } from '../src/http/operate/logging.ts'
import { addMedia } from '../src/media/change/add.ts'
import { editMedia } from '../src/media/change/edit.ts'
import type { Library } from '../src/media/library.ts'
import { makeJpeg } from '../test/fixtures.ts'
import { createPhotoNames } from './fill-photos.ts'

const EDITS = 300
const ADDS = 200

/** Milliseconds for which each write transaction held the lock that serialises writes. */
export interface LockTimes {
  edits: number[]
  adds: number[]
}

/**
 * Edits and adds items as the server does, in this process, one after the other.
 * @param environment of the server that used this library; it must not run
 * @param onAdds called after the edits, and again after the adds
 */
export async function measureLockTimes(
  environment: Readonly<Record<string, string>>,
  onAdds: () => Promise<void>,
): Promise<LockTimes> {
  const config = readConfig({ ...environment, VITRINE_LOG_LEVEL: 'error' })
  const opened = await openLibrary(config, createLog(config.logLevel))
  let times: number[] = []
  const library: Library = {
    ...opened,
    database: timeWrites(opened.database, (time) => times.push(time)),
  }
  const next = createPhotoNames(99)
  try {
    for (let id = 1; id <= EDITS; id++) await editMedia(library.database, id, next())
    const edits = times
    times = []
    await onAdds()
    for (let seed = 1; seed <= ADDS; seed++) {
      const bytes = await makeJpeg({ seed: 1000 + seed })
      const path = join(config.data, 'added.jpg')
      await writeFile(path, bytes)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      await addMedia(library, { ...next(), image: { path, size: bytes.length, sha256 } })
    }
    await onAdds()
    return { edits, adds: times }
  } finally {
    await opened.close()
  }
}

/** Measures from the moment a transaction has the lock until it is durable. */
function timeWrites(database: Database, note: (milliseconds: number) => void): Database {
  return {
    ...database,
    async write(work) {
      let started = 0
      const result = await database.write((trx) => {
        started = performance.now()
        return work(trx)
      })
      note(performance.now() - started)
      return result
    },
  }
}
