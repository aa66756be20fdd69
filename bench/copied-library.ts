import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { keepLibrary } from './library.ts'

/** Gives `work` a copy of the large library on SQLite, to change it. */
export async function* withCopy<T>(
  items: number,
  work: (data: string) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const library = await keepLibrary('SQLite', items)
  // Beside it: on the same disk, and never on one that is memory.
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
