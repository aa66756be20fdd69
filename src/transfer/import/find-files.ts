import type { Stats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { isSidecar, sidecarsAmong } from './sidecars.ts'

/** A file below a folder, or a folder that could not be read. */
export interface FoundEntry {
  /** As bytes, because a name on disk need not be UTF-8. */
  path: Buffer
  /** Names of the folders between the root and the entry, the outermost first. */
  folders: string[]
  /** Its own name. */
  name: string
  /** The path of its XMP sidecar. */
  sidecar?: Buffer
  /** Present if the entry could not be read. */
  error?: Error
}

export interface FindOptions {
  /** Folders that are left out: absolute paths without links. */
  except: readonly Buffer[]
  /** Also hidden entries, and those that systems and photo software make for themselves. */
  everything?: boolean
}

/**
 * What systems and photo software make for themselves, in lower case: previews and trash of Synology, trash and previews
 * of Windows, forks of macOS in archives. What else they make is hidden: `.thumbnails`, `.DS_Store`, AppleDouble files.
 */
const OWN_ENTRIES: ReadonlySet<string> = new Set([
  '@eadir',
  '#recycle',
  '$recycle.bin',
  '__macosx',
  'thumbs.db',
])

/**
 * Yields every file below a folder, depth first. Each folder is sorted by the bytes of its names, so that two
 * runs over the same folder see the same order. Memory holds the names of one folder at each depth.
 *
 * Skips links to folders (which could lead in a circle), entries that are neither file nor folder, XMP sidecars, which
 * come with their files, and what `options` say.
 *
 * @param root absolute path without links
 */
export async function* findFiles(
  root: Buffer,
  { except, everything = false }: FindOptions,
): AsyncGenerator<FoundEntry> {
  const left = new Set(except.map((folder) => folder.toString('latin1')))
  yield* walk(root.toString('latin1'), [], left, everything)
}

/** Handles paths as latin1, which represents each byte as one character. */
async function* walk(
  folder: string,
  folders: string[],
  except: ReadonlySet<string>,
  everything: boolean,
): AsyncGenerator<FoundEntry> {
  const names = (await readdir(bytesOf(folder), 'latin1')).sort()
  const findSidecar = sidecarsAmong(names)
  const pathOf = (name: string) => (folder.endsWith('/') ? folder + name : `${folder}/${name}`)
  for (const name of names) {
    if (!everything && (name.startsWith('.') || OWN_ENTRIES.has(name.toLowerCase()))) continue
    const path = pathOf(name)
    const sidecar = findSidecar(name)
    const entry: FoundEntry = {
      path: bytesOf(path),
      folders,
      name: bytesOf(name).toString(),
      ...(sidecar !== undefined && { sidecar: bytesOf(pathOf(sidecar)) }),
    }
    try {
      const stats = await inspect(entry.path)
      if (stats.isFile()) {
        if (!isSidecar(name)) yield entry
      } else if (stats.isDirectory() && !except.has(path)) {
        yield* walk(path, [...folders, entry.name], except, everything)
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error
      if (!isSidecar(name)) yield { ...entry, error }
    }
  }
}

/** A link to a file counts as that file. A link to a folder counts only as a link. */
async function inspect(path: Buffer): Promise<Stats> {
  const stats = await lstat(path)
  if (!stats.isSymbolicLink()) return stats
  const target = await stat(path)
  return target.isFile() ? target : stats
}

const bytesOf = (latin1: string): Buffer => Buffer.from(latin1, 'latin1')
