import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const peer of running) peer.kill('SIGKILL')
})

export interface PeerOptions {
  folder: string
  env: Readonly<Record<string, string>>
}

/** Runs a program of Node, from which the tests of moving in read, to its end. */
export async function runPeer(args: readonly string[], options: PeerOptions): Promise<void> {
  const { exited, output } = launch(args, options)
  const code = await exited
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${output()}`)
}

/**
 * Starts a program of Node.
 * @param ready what it prints once it answers requests
 * @returns a function that stops it
 */
export async function startPeer(
  args: readonly string[],
  ready: string,
  options: PeerOptions,
): Promise<() => Promise<void>> {
  const { peer, exited, output } = launch(args, options)
  await new Promise<void>((resolve, reject) => {
    peer.stdout?.on('data', () => output().includes(ready) && resolve())
    void exited.then((code) => reject(new Error(`${args[0]} ended with ${code}: ${output()}`)))
  })
  return async () => {
    peer.kill('SIGKILL')
    await exited
  }
}

function launch(args: readonly string[], { folder, env }: PeerOptions) {
  const peer = spawn(process.execPath, args, {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(peer)
  let output = ''
  for (const stream of [peer.stdout, peer.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const exited = once(peer, 'exit').then(([code]) => {
    running.delete(peer)
    return code as number | null
  })
  return { peer, exited, output: () => output }
}
