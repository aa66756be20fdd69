import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const CALLS = ['copyFile', 'link', 'mkdir', 'lstat', 'rename', 'unlink'] as const

/**
 * For tests: tells of every call to the file system that matters to durability, before it is made;
 * to throw is to let it fail.
 *
 * @param before gets the call (`sync` is that of an open file or folder) and what it is about: the
 *   file that it makes, changes or looks at
 * @returns ends it
 */
export async function interceptFileSystem(
  before: (call: string, path: string) => void,
): Promise<() => void> {
  const { promises } = fs
  const original = { ...promises }
  const paths = new WeakMap<object, string>()

  for (const call of CALLS) {
    const about = ['copyFile', 'link', 'rename'].includes(call) ? 1 : 0
    const intercepted = async (...parameters: unknown[]) => {
      before(call, String(parameters[about]))
      return Reflect.apply(original[call], promises, parameters)
    }
    Object.assign(promises, { [call]: intercepted })
  }
  promises.open = async (path, ...rest) => {
    const handle = await original.open(path, ...rest)
    paths.set(handle, String(path))
    return handle
  }
  const handle = await original.open('.')
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  const { sync } = prototype
  prototype.sync = async function () {
    before('sync', paths.get(this) ?? '')
    return Reflect.apply(sync, this, [])
  }
  syncBuiltinESMExports()

  return () => {
    Object.assign(promises, original)
    prototype.sync = sync
    syncBuiltinESMExports()
  }
}
