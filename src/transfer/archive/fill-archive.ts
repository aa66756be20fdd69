import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchToFile, fetchToMemory, type ObjectFault } from '../../storage/fetch-object.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import { findFaults } from '../check-rows.ts'
import type { Contents } from '../contents.ts'
import { type File, objectsOf, type StoredFile } from '../files.ts'
import { forEach, type OpenLibrary } from '../library-target.ts'
import { BACKUP_TABLES, LAST_TABLES, type MovedName, PART_TABLES } from '../tables.ts'
import { type Target, walk } from '../walk.ts'
import { HEADER, type Header, LIBRARY, nameRows, OBJECTS, VERSION } from './format.ts'
import { toLines, writeLines } from './lines.ts'
import { type Absent, findStrays, rewriteRows } from './reduce-rows.ts'
import { isScaled, linesOf, type RowFiles, rowFilesSource, takeSnapshot } from './row-files.ts'
import type { ArchiveWriter } from './write-archive.ts'

type Variant = StoredFile['variants'][number]

/** Objects up to this size are held in memory. Larger ones pass through a file. */
const SMALL_BYTES = 1024 * 1024

export interface BackedUp {
  contents: Contents
  /** Objects and rows that are missing from the backup, one line each. */
  faults: string[]
  /** SHA-256 of the entry `SHA256SUMS`. */
  sha256: string
}

/**
 * Writes the current state of the library into an archive. The rows are those of one instant. The objects are
 * read afterwards, which may take long. If a file is deleted before its objects are read, the archive contains
 * neither the file nor its items. If it is deleted later, the archive contains all of it.
 *
 * @param folder for temporary files of this call only
 */
export async function fillArchive(
  archive: ArchiveWriter,
  { database, storage }: OpenLibrary,
  { newFile }: TemporaryFolder,
  folder: string,
  signal: AbortSignal,
): Promise<BackedUp> {
  const { rowFiles, files, items, users, scaled } = await takeSnapshot(database, folder)
  const header: Header = {
    format: 'vitrine-backup',
    version: VERSION,
    created: new Date().toISOString(),
    objects: files + scaled,
  }
  await archive.addText(HEADER, `${JSON.stringify(header)}\n`)

  const faults: string[] = []
  const report = (fault: string) => void faults.push(fault)
  const target = archiveTarget(archive, { newFile, folder })
  const totals = { files, media: items }
  const source = rowFilesSource(rowFiles, { storage, live: database.read, totals })
  await walk({ source, target, report, signal })
  for await (const fault of findFaults(LAST_TABLES, ({ name }) => linesOf(rowFiles, name))) {
    report(`${fault} A restore refuses the backup because of it.`)
  }
  await target.finish(rowFiles)
  return { contents: { ...target.contents, users }, faults, sha256: await archive.finish() }
}

/** An archive that gets the objects first, and then the rows that name them. */
function archiveTarget(
  archive: ArchiveWriter,
  { newFile, folder }: { newFile: () => string; folder: string },
) {
  /** The objects that were fetched for the next files: their bytes, or the path of a file with them. */
  const fetched = new Map<string, Buffer | string>()
  const absent: Absent = { files: new Set(), media: new Set() }
  const contents = { items: 0, files: 0, fileBytes: 0, variants: 0, variantBytes: 0 }
  const lines = new Map(
    BACKUP_TABLES.map(({ name }) => [name, writeLines(join(folder, `${name}.ndjson`))]),
  )
  const write = async (table: MovedName, rows: readonly unknown[]) =>
    lines.get(table)?.write(toLines(rows))

  const target: Target = {
    filesAtOnce: 8,
    leftOut: 'Not backed up',
    trim: (stored) => ({ ...stored, variants: stored.variants.filter(isScaled) }),
    readFiles: async () => [],
    readItems: async () => [],
    async bringObjects(objects, { storage }) {
      const faults = new Map<string, ObjectFault>()
      // A file that got another variant meanwhile still has its original.
      const wanted = objects.filter(({ key }) => !fetched.has(key))
      await forEach(wanted, async (object) => {
        const path = newFile()
        const content =
          object.size <= SMALL_BYTES
            ? await fetchToMemory(storage, object)
            : ((await fetchToFile(storage, object, path)) ?? path)
        const isFault = typeof content === 'object' && 'fault' in content
        if (isFault) faults.set(object.key, content)
        else fetched.set(object.key, content)
      })
      return faults
    },
    async writeFiles({ rows, leftOut }) {
      for (const id of leftOut) absent.files.add(id)
      for (const stored of rows) {
        for (const { key, sha256 } of objectsOf(stored)) {
          const content = fetched.get(key)
          if (Buffer.isBuffer(content)) await archive.addBytes(OBJECTS + key, content, sha256)
          else if (content !== undefined) await archive.add(OBJECTS + key, content)
        }
        await write('files', [stored.file])
        for (const { name } of PART_TABLES) await write(name, stored[name])
        contents.files += 1
        contents.fileBytes += stored.file.size
        contents.variants += stored.variants.length
        contents.variantBytes += stored.variants.reduce((sum, { size }) => sum + size, 0)
      }
      for (const content of fetched.values()) if (typeof content === 'string') await rm(content)
      fetched.clear()
    },
    async writeItems({ rows, leftOut }) {
      const present = rows.filter(({ file_id }) => !absent.files.has(file_id))
      const others = rows.filter(({ file_id }) => absent.files.has(file_id))
      for (const id of [...leftOut, ...others.map(({ id }) => id)]) absent.media.add(id)
      contents.items += present.length
      await write('media', present)
      return others
    },
  }

  /** Forgets files that only items have that are left out. Their objects are in the archive by now. */
  async function leaveOutStrays(rowFiles: RowFiles): Promise<void> {
    const strays = await findStrays(rowFiles, absent)
    if (strays.size === 0) return
    for await (const [file] of linesOf<File>(rowFiles, 'files', 1)) {
      if (!file || !strays.has(file.id)) continue
      contents.files -= 1
      contents.fileBytes -= file.size
    }
    for await (const [variant] of linesOf<Variant>(rowFiles, 'variants', 1)) {
      if (!variant || !isScaled(variant) || !strays.has(variant.file_id)) continue
      contents.variants -= 1
      contents.variantBytes -= variant.size
    }
    for (const id of strays) absent.files.add(id)
  }

  /** Adds all rows, and reduces them to what is in the archive. */
  async function finish(rowFiles: RowFiles): Promise<void> {
    await archive.add(LIBRARY, rowFiles.get('library') ?? '')
    await leaveOutStrays(rowFiles)
    for (const { name } of LAST_TABLES) {
      for await (const rows of linesOf(rowFiles, name)) await write(name, rows)
    }
    const isWhole = absent.files.size + absent.media.size === 0
    for (const table of BACKUP_TABLES) {
      const { name } = table
      const writer = lines.get(name)
      if (!writer) continue
      await writer.close()
      const path = isWhole ? writer.path : await rewriteRows(writer.path, table, absent)
      await archive.add(nameRows(name), path)
    }
  }
  return { ...target, contents, finish }
}
