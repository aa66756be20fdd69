import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { keepLibrary } from './library.ts'

/** Passes a copy of the large SQLite library to `work`, which may change it. */
export async function* withCopy<T>(
  items: number,
  work: (data: string) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const library = await keepLibrary('SQLite', items)
  // In the same folder: on the same disk, and never in a file system in memory.
  const data = mkdtempSync(`${library.data}-copy-`)
  const remove = () => rmSync(data, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    cpSync(join(library.data, 'vitrine.db'), join(data, 'vitrine.db'))
    yield* work(data)
  } finally {
    process.off('exit', remove)
    remove()
  }
}
