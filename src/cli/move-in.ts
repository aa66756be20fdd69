import { UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'
import { findUrlFault } from '../http/outgoing/find-url-fault.ts'
import { SOURCES } from '../transfer/move-in/sources.ts'
import { runStoppable } from './stoppable.ts'

/** Adds every image of another program, with what people wrote of it there. */
export async function moveIn(
  _config: Config,
  address: string,
  { from, token }: { from: string; token: string | undefined },
): Promise<void> {
  const load = Object.hasOwn(SOURCES, from) ? SOURCES[from] : undefined
  if (load === undefined) {
    const names = Object.keys(SOURCES).join(', ')
    throw new UsageError(`--from is ${JSON.stringify(from)}; it must be one of ${names}.`)
  }
  const url = readAddress(address)
  process.exitCode = await runStoppable(async (signal) => {
    const kind = await load()
    await kind.open({ url, token, signal })
    return 0
  }, 'Run it again to go on.')
}

/** @returns the URL of a source, with `/` at its end */
function readAddress(text: string): URL {
  const url = URL.parse(text)
  const fault = url ? findUrlFault(url) : 'is no whole URL, such as https://blog.example.com'
  if (url === null || fault !== undefined) throw new UsageError(`The address ${fault}.`)
  url.search = ''
  url.hash = ''
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}
