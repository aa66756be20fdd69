import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { findFreePort } from '../test/free-port.ts'
import { installPackages } from '../test/install-package.ts'
import type { Served } from './servers.ts'

const VERSION = '3.1.1'
export const IPX = `IPX ${VERSION}`
const FOLDER = join(import.meta.dirname, 'library', `ipx-${VERSION}`)

/**
 * Starts IPX (https://github.com/unjs/ipx) as its own command does, on a folder of images. It is installed from npm for
 * this benchmark alone.
 */
export async function startIpx(root: string): Promise<Served> {
  if (!(await installPackages([`ipx@${VERSION}`], FOLDER))) {
    throw new Error(`${IPX} could not be installed.`)
  }
  const port = await findFreePort()
  const command = join(FOLDER, 'node_modules/ipx/bin/ipx.mjs')
  const child = spawn(
    process.execPath,
    [command, 'serve', '--dir', root, '--port', String(port), '--host', '127.0.0.1'],
    { stdio: 'ignore', env: { PATH: process.env.PATH, HOME: process.env.HOME } },
  )
  const exited = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`IPX ended with ${child.exitCode}.`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      kill()
      await exited
      process.off('exit', kill)
    },
  }
}
