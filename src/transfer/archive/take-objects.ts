import { rm } from 'node:fs/promises'
import { nameItems } from '../../upkeep/finding.ts'
import type { ObjectFault } from '../../upkeep/inspect-object.ts'
import { keysOf, objectsOf, readFile, type StoredFile } from '../files.ts'
import { type House, readObject } from '../objects.ts'

interface Taken {
  /** As it goes into the backup; undefined if it does not. */
  whole: StoredFile | undefined
  objects: { key: string; path: string }[]
  /** What should be there and is not. */
  fault?: string
}

/** Takes the objects of a file of the snapshot out of storage, or of what became of it since. */
export async function takeObjects(
  { database, storage }: House,
  stored: StoredFile,
  newFile: () => string,
): Promise<Taken> {
  for (let wanted = stored; ; ) {
    const objects: Taken['objects'] = []
    const faults = new Map<string, ObjectFault>()
    for (const object of objectsOf(wanted)) {
      const path = newFile()
      const fault = await readObject(storage, object, path)
      if (fault) faults.set(object.key, fault)
      else objects.push({ key: object.key, path })
    }
    if (faults.size === 0) return { whole: wanted, objects }

    const now = await readFile(database.read, stored.file.id)
    const known = now && new Set(keysOf(now))
    if (now && known && [...faults.keys()].every((key) => known.has(key))) {
      return leaveOut(wanted, objects, faults, await nameItems(database.read, stored.file.id))
    }
    for (const { path } of objects) await rm(path)
    // Deleted since, and with it all of its items.
    if (!now) return { whole: undefined, objects: [] }
    // It was given other objects.
    wanted = { ...now, variants: now.variants.filter(({ name }) => name === 'scaled') }
  }
}

/** Without its original a file is not in the backup; without an image made of it, only that is not. */
async function leaveOut(
  { file, variants, earlier }: StoredFile,
  objects: Taken['objects'],
  faults: ReadonlyMap<string, ObjectFault>,
  items: string,
): Promise<Taken> {
  const fault = [...faults]
    .map(
      ([key, { fault }]) =>
        `The ${key === file.key ? 'original' : 'image'} of ${items} ${fault} (${key}).`,
    )
    .join(' ')
  if (!faults.has(file.key)) {
    const sound = variants.filter(({ key }) => !faults.has(key))
    return { whole: { file, variants: sound, earlier }, objects, fault }
  }
  for (const { path } of objects) await rm(path)
  return { whole: undefined, objects: [], fault: `Not backed up: ${items}. ${fault}` }
}
