/** A file without a type may be an image all the same; these are what cameras and the web use. */
const IMAGE_NAME = /\.(jpe?g|png|webp|gif|avif|heic|heif)$/i

/** What a file manager or a camera leaves in folders. */
const isImage = (file: File) =>
  !file.name.startsWith('.') &&
  (file.type.startsWith('image/') || (file.type === '' && IMAGE_NAME.test(file.name)))

export interface Collected {
  files: File[]
  /** The folders that a file lies in, from the outermost on. */
  folders: Map<File, readonly string[]>
  /** Files within folders that are no images, or cannot be read. */
  leftOut: number
}

/**
 * All files of a drop or a paste. What was chosen by itself is taken as it is, and the server says
 * what it thinks of it; of folders, with all that is below them, only images are.
 */
export function collectFiles(data: DataTransfer): Promise<Collected> {
  // Both must be asked for now: after the event the list is empty.
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
    // Chromium gives a hundred at a time, and none when there are no more.
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
