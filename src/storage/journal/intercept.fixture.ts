import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const CALLS = ['copyFile', 'link', 'mkdir', 'lstat', 'rename', 'unlink'] as const

/**
 * For tests: calls `before` ahead of every file system call that matters to durability. If `before` throws,
 * the call fails.
 *
 * @param before gets the name of the call (`sync` is that of an open file or folder) and the path that it
 *   creates, changes or inspects
 * @returns a function that ends the interception
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
