/**
 * Counts the files of `src` that each kind of request enters, that is, the files that a reader must open to
 * follow it. Run it as `node bench/entered.ts`, with `--files` for their names.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN_PASSWORD, Client } from '../test/harness.ts'
import { makePhoto } from './make-photo.ts'
import { serveLibrary } from './servers.ts'

const showsFiles = process.argv.includes('--files')
const data = mkdtempSync(join(tmpdir(), 'vitrine-entered-'))
const file = join(data, 'entered')
const server = await serveLibrary(
  { data, settings: { BENCH_ENTERED: file } },
  { preload: join(import.meta.dirname, 'coverage-probe.ts') },
)

async function take(): Promise<string[]> {
  process.kill(server.pid, 'SIGUSR2')
  while (!existsSync(file)) await sleep(10)
  const text = readFileSync(file, 'utf8')
  rmSync(file)
  return text === '' ? [] : text.split('\n')
}

async function count(what: string, request: () => Promise<{ status: number }>): Promise<void> {
  // Lets the deferred work of earlier requests finish.
  await sleep(1500)
  await take()
  const { status } = await request()
  const files = await take()
  console.log(`${what}: ${files.length} files (answered ${status})`)
  if (showsFiles) for (const name of files) console.log(`  ${name}`)
}

try {
  const client = new Client(server.url)
  await count('sign-in', () =>
    client.request('POST', '/auth/login', {
      json: { username: 'admin', password: ADMIN_PASSWORD },
    }),
  )
  await client.signIn()
  const upload = async (seed: number) => client.add('Photo', 'a,b', await makePhoto(seed))
  await count('upload', () => upload(1))
  const list = () => client.list('?limit=50')
  // The first one since a commit.
  await count('first list', list)
  const [item] = (await list()).body.media
  await count('repeated list', list)
  const image = () => client.get(item?.urls.scaled ?? '')
  await image()
  await count('image', image)
  await count('delete', () => client.delete(`/media/delete/${item?.id}`))
} finally {
  await server.stop()
  rmSync(data, { recursive: true, force: true })
}
