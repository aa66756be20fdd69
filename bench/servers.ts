import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ADMIN_PASSWORD, Client, ROOT } from '../test/harness.ts'

/** A server process that is measured from outside. */
export interface Served {
  url: string
  pid: number
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/**
 * The server as delivered, with its default settings, as `npm start` runs it. Its log, one line per
 * request, goes to a file.
 */
export async function serveLibrary(
  { data, settings }: { data: string; settings: Readonly<Record<string, string>> },
  { preload }: { preload?: string } = {},
): Promise<Served> {
  const log = openSync(join(data, 'bench.log'), 'w')
  const served = await serve(['vitrine.mjs', 'serve'], log, {
    VITRINE_DATA: data,
    VITRINE_PORT: '0',
    VITRINE_ADMIN_PASSWORD: ADMIN_PASSWORD,
    ...settings,
    ...(preload && { NODE_OPTIONS: `--import ${preload}` }),
  })
  closeSync(log)
  return served
}

/** The response of the bare route. */
export interface BareAnswer {
  status?: number
  headers: Readonly<Record<string, string>>
  body: Uint8Array
}

/**
 * Fastify with one route that sends these bytes at any path: the upper limit for responses with Fastify.
 */
export async function serveBare({ status = 200, headers, body }: BareAnswer): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-bare-'))
  writeFileSync(join(folder, 'body'), body)
  writeFileSync(join(folder, 'head.json'), JSON.stringify({ status, headers }))
  try {
    return await serve([join(import.meta.dirname, 'bare-fastify.ts'), folder], 'inherit', {})
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function serve(
  args: readonly string[],
  stderr: number | 'inherit',
  settings: Readonly<Record<string, string>>,
): Promise<Served> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
    stdio: ['ignore', 'pipe', stderr],
  })
  running.add(child)
  const exited = once(child, 'exit').then(() => running.delete(child))
  const { stdout, pid = 0 } = child
  if (!stdout) throw new Error('Its output cannot be read.')
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const [, address] = /listening on (\S+)$/.exec(line) ?? []
      if (address) resolve(address)
    })
    exited.then(() => reject(new Error(`${args[0]} ended before it listened.`)))
  })
  return {
    url,
    pid,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

export const signInTo = ({ url }: Served): Promise<Client> => new Client(url).signIn()
