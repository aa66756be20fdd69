import { isImageName } from './file-types'

/** False for other files in folders, such as the hidden files of file managers. */
const isImage = (file: File) =>
  !file.name.startsWith('.') &&
  (file.type.startsWith('image/') || (file.type === '' && isImageName(file.name)))

export interface Collected {
  files: File[]
  /** For each file, the names of its folders, outermost first. */
  folders: Map<File, readonly string[]>
  /** Number of entries that were skipped: not images, or not readable. */
  leftOut: number
}

/**
 * Collects all files of a drop or a paste. Single files are taken whatever their type: the server decides
 * about them. Folders are read recursively, and only their images are taken.
 */
export function collectFiles(data: DataTransfer): Promise<Collected> {
  // Both must be read synchronously: the list is empty after the event.
  const items = [...data.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }))
  return collect(items)
}

async function collect(
  items: { entry: FileSystemEntry | null; file: File | null }[],
): Promise<Collected> {
  const collected: Collected = { files: [], folders: new Map(), leftOut: 0 }
  for (const { entry, file } of items) {
    if (isFolder(entry)) await walk(entry, [entry.name], collected)
    else if (file) collected.files.push(file)
    else collected.leftOut++
  }
  return collected
}

async function walk(
  folder: FileSystemDirectoryEntry,
  path: readonly string[],
  collected: Collected,
): Promise<void> {
  const reader = folder.createReader()
  try {
    // Chromium returns up to a hundred entries per call, and none at the end.
    for (;;) {
      const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      )
      if (entries.length === 0) return
      for (const entry of entries) {
        if (isFolder(entry)) await walk(entry, [...path, entry.name], collected)
        else if (isFile(entry)) await take(entry, path, collected)
      }
    }
  } catch {
    collected.leftOut++
  }
}

async function take(
  entry: FileSystemFileEntry,
  path: readonly string[],
  collected: Collected,
): Promise<void> {
  const file = await new Promise<File | undefined>((resolve) =>
    entry.file(resolve, () => resolve(undefined)),
  )
  if (!file || !isImage(file)) {
    collected.leftOut++
    return
  }
  collected.files.push(file)
  collected.folders.set(file, path)
}

const isFolder = (entry: FileSystemEntry | null): entry is FileSystemDirectoryEntry =>
  entry?.isDirectory === true
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
