import {
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import type { FoundEntry } from './find-files.ts'
import { SIDECAR_EXTENSION, sidecarsAmong } from './sidecars.ts'

/**
 * Moves a file into a folder of the watched one, below the names of the folders that it was in. A file there that has
 * its name already stays; the moved one gets a number. Takes its sidecar along, or a copy of it while another file has
 * the same one. Only one call may run at a time.
 *
 * @param root the watched folder
 * @param to name of the folder within `root`
 * @param reason written into a text file beside the moved one
 */
export async function moveAway(
  { path, sidecar }: Pick<FoundEntry, 'path' | 'sidecar'>,
  { root, to, reason }: { root: Buffer; to: string; reason?: string },
): Promise<void> {
  // Names on the disk need not be UTF-8; as latin1 each byte is one character.
  const [base, from] = [root.toString('latin1').replace(/\/$/, ''), path.toString('latin1')]
  const names = from.slice(base.length + 1).split('/')
  const name = names.pop() ?? ''
  const { mode } = await stat(root)
  let folder = base
  for (const part of [to, ...names]) {
    folder = `${folder}/${part}`
    await makeFolder(folder, mode & 0o777)
  }
  const claimed = await claim(folder, name)
  try {
    await rename(path, bytesOf(claimed))
  } catch (error) {
    await rm(bytesOf(claimed), { force: true })
    throw error
  }
  if (sidecar) await moveSidecar(sidecar.toString('latin1'), name, claimed)
  if (reason === undefined) return
  const text = bytesOf(await claim(folder, `${claimed.slice(folder.length + 1)}.txt`))
  await writeFile(text, `${reason}\n`)
  // Whoever may read the folder may read the reason.
  await chmod(text, mode & 0o666)
}

/**
 * Moves or copies the sidecar of a moved file.
 * @param name of the file before
 * @param moved path of the file now, by which the sidecar is named
 */
async function moveSidecar(sidecar: string, name: string, moved: string): Promise<void> {
  const [from, folder] = [dirname(sidecar), dirname(moved)]
  const old = sidecar.slice(from.length + 1)
  const isOfNameAlone = old.slice(0, -SIDECAR_EXTENSION.length) === name
  const stem = isOfNameAlone ? moved : moved.slice(0, moved.length - extname(moved).length)
  const claimed = await claim(folder, stem.slice(folder.length + 1) + extname(old))
  try {
    const names = (await readdir(bytesOf(from), 'latin1')).sort()
    const findSidecar = sidecarsAmong(names)
    const isShared = names.some((each) => each !== old && findSidecar(each) === old)
    await (isShared ? copyFile : rename)(bytesOf(sidecar), bytesOf(claimed))
  } catch (error) {
    await rm(bytesOf(claimed), { force: true })
    throw error
  }
}

/** With the permissions of the watched folder, so that those who fill it find their files again. */
async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(bytesOf(folder))
    await chmod(bytesOf(folder), mode)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

/** @returns an unused path in the folder, at which there is an empty file now, so that nobody else takes it */
async function claim(folder: string, name: string): Promise<string> {
  const extension = extname(name)
  const stem = name.slice(0, name.length - extension.length)
  for (let number = 1; ; number += 1) {
    const path = `${folder}/${number === 1 ? name : `${stem} (${number})${extension}`}`
    try {
      await (await open(bytesOf(path), 'wx')).close()
      return path
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const bytesOf = (latin1: string): Buffer => Buffer.from(latin1, 'latin1')
