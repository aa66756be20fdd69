import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { Contents } from '../contents.ts'
import type { StoredFile } from '../files.ts'
import type { Item } from '../items.ts'
import type { House } from '../objects.ts'
import { startProgress } from '../progress.ts'
import { HEADER, type Header, OBJECTS, ROWS, VERSION } from './format.ts'
import { readRowLines, toLines, writeLines } from './lines.ts'
import { takeSnapshot } from './snapshot.ts'
import { takeObjects } from './take-objects.ts'
import type { ArchiveWriter } from './write-archive.ts'

/** Files whose objects are fetched at once. */
const FILES_AT_ONCE = 8

export interface BackedUp {
  contents: Contents
  /** What is not in it and should be, a line each. */
  faults: string[]
  /** Of its sums. */
  sha256: string
}

/**
 * Puts the library as it is now into an archive. The rows are those of one instant. Objects are taken
 * afterwards, for as long as it takes; nothing of a file that is deleted before its objects are taken,
 * and none of its items, is in the archive, and everything of one that is deleted later.
 *
 * @param folder for files of its own
 */
export async function fillArchive(
  archive: ArchiveWriter,
  house: House,
  temporary: TemporaryFolder,
  folder: string,
  signal: AbortSignal,
): Promise<BackedUp> {
  const snapshot = await takeSnapshot(house.database, folder)
  const header: Header = {
    format: 'vitrine-backup',
    version: VERSION,
    created: new Date().toISOString(),
    objects: snapshot.objects,
  }
  await archive.addText(HEADER, `${JSON.stringify(header)}\n`)

  const contents: Contents = {
    items: 0,
    files: 0,
    fileBytes: 0,
    variants: 0,
    variantBytes: 0,
    users: snapshot.users,
  }
  const faults: string[] = []
  const absent = new Set<number>()
  const rows = {
    files: writeLines(join(folder, 'files.ndjson')),
    variants: writeLines(join(folder, 'variants.ndjson')),
    earlier_addresses: writeLines(join(folder, 'earlier_addresses.ndjson')),
    media: writeLines(join(folder, 'media.ndjson')),
  }

  const progress = startProgress('files')
  progress.setTotal(snapshot.files)
  try {
    for await (const batch of readRowLines<StoredFile>(snapshot.filesPath)) {
      for (let start = 0; start < batch.length; start += FILES_AT_ONCE) {
        signal.throwIfAborted()
        const taking = batch.slice(start, start + FILES_AT_ONCE).map(async (stored) => ({
          id: stored.file.id,
          ...(await takeObjects(house, stored, temporary.newFile)),
        }))
        const taken = await settleAll(taking)
        for (const { id, whole, objects, fault } of taken) {
          progress.advance()
          if (fault !== undefined) faults.push(fault)
          if (!whole) {
            absent.add(id)
            continue
          }
          for (const { key, path } of objects) {
            await archive.add(OBJECTS + key, path)
            await rm(path)
          }
          const { file, variants, earlier } = whole
          await rows.files.write(toLines([file]))
          await rows.variants.write(toLines(variants))
          await rows.earlier_addresses.write(toLines(earlier))
          contents.files += 1
          contents.fileBytes += file.size
          contents.variants += variants.length
          contents.variantBytes += variants.reduce((sum, { size }) => sum + size, 0)
        }
      }
    }
  } finally {
    progress.stop()
  }

  for await (const batch of readRowLines<Item>(snapshot.itemsPath)) {
    const present = batch.filter(({ file_id }) => !absent.has(file_id))
    contents.items += present.length
    await rows.media.write(toLines(present))
  }
  for (const { name, path } of snapshot.others) await archive.add(name, path)
  for (const [table, lines] of Object.entries(rows)) {
    await lines.close()
    await archive.add(`${ROWS}${table}.ndjson`, lines.path)
  }
  return { contents, faults, sha256: await archive.finish() }
}

/** Waits for all, so that nothing goes on behind a failure. */
async function settleAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
