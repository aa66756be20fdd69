import { MAX_NAME_CODE_POINTS, nameFromFile } from './upload'

/** Maximum length of a tag. The server refuses longer ones. */
const MAX_TAG_CODE_POINTS = 64

const cut = (text: string, most: number) => [...text.toWellFormed()].slice(0, most).join('').trim()

/** Tags from the names of a file's folders. */
export const tagsFromFolders = (folders: readonly string[]): string[] => [
  ...new Set(
    folders
      .map((folder) => cut(folder.replace(/[\p{Cc},\s]+/gu, ' ').trim(), MAX_TAG_CODE_POINTS))
      .filter(Boolean),
  ),
]

/**
 * Gives files unique names: equal names are prefixed with their folders, innermost first, and names that
 * are still equal get numbers.
 * @param foldersOf the folders of a file, outermost first
 * @param isTaken whether another item already has a name
 */
export function nameFiles(
  files: readonly File[],
  foldersOf: (file: File) => readonly string[],
  isTaken: (name: string) => boolean,
): string[] {
  let names = files.map((file) => nameFromFile(file.name))
  const deepest = Math.max(0, ...files.map((file) => foldersOf(file).length))
  for (let depth = 1; depth <= deepest && hasDoubles(names); depth++) {
    const counts = count(names)
    names = names.map((name, index) => {
      const file = files[index]
      if ((counts.get(name) ?? 0) < 2 || !file) return name
      const folder = foldersOf(file).at(-depth)
      return folder === undefined ? name : nameFromFolder(folder, name)
    })
  }
  const used = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let number = 2; used.has(unique) || isTaken(unique); number++) {
      const end = ` (${number})`
      unique = cut(name, MAX_NAME_CODE_POINTS - end.length) + end
    }
    used.add(unique)
    return unique
  })
}

const nameFromFolder = (folder: string, name: string) =>
  cut(`${folder.replace(/\p{Cc}/gu, ' ').trim()} – ${name}`, MAX_NAME_CODE_POINTS)

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

const hasDoubles = (names: readonly string[]) => new Set(names).size < names.length
