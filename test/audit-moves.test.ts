import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readAudit } from '../src/audit/read.ts'
import { createUser, removeUser } from '../src/auth/accounts/accounts.ts'
import { createApiToken, listApiTokens, revokeApiToken } from '../src/auth/tokens/api-tokens.ts'
import type { Database } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { HEADER, LIBRARY, ROWS } from '../src/transfer/archive/format.ts'
import { readArchive } from '../src/transfer/archive/read-archive.ts'
import { writeArchive } from '../src/transfer/archive/write-archive.ts'
import { makeDataFolder, runCli } from './harness.ts'
import { stockLibrary } from './stock-library.ts'

const within = async <T>(data: string, work: (database: Database) => Promise<T>) => {
  const database = await openDatabase(join(data, 'vitrine.db'))
  return work(database).finally(() => database.close())
}

/** Oldest entry first. */
const trail = (data: string) =>
  within(data, async ({ read }) => (await readAudit(read, { limit: 100 })).rows.reverse())

const restore = (data: string, file: string) => runCli(data, ['restore', file])

const addToken = (database: Database) =>
  createApiToken(database, 'edda', { name: 'script', permissions: ['view-media'], days: 1 })

/** A library with an audit trail, a personal token, and a number that a revoked token had. */
async function makeLibrary() {
  const data = makeDataFolder()
  await stockLibrary(data, 4)
  await within(data, async (database) => {
    await addToken(database)
    await addToken(database)
    await revokeApiToken(database, { id: 2 })
  })
  return data
}

it('the audit trail moves with the library, and records the move', async () => {
  const data = await makeLibrary()
  const before = await trail(data)
  expect(before.map(({ action }) => action)).toEqual([
    'account-created',
    'token-created',
    'token-created',
    'token-revoked',
  ])
  const [copied, restored] = [makeDataFolder(), makeDataFolder()]
  const file = join(makeDataFolder(), 'library.tar')
  expect((await runCli(data, ['copy', '--to-data', copied])).code).toBe(0)
  expect((await runCli(data, ['backup', file])).code).toBe(0)
  expect((await restore(restored, file)).code).toBe(0)
  for (const [folder, action] of [
    [copied, 'library-copied'],
    [restored, 'library-restored'],
  ] as const) {
    const arrival = { id: 5, action, actor: 'command line', account_id: null }
    expect(await trail(folder)).toEqual([...before, expect.objectContaining(arrival)])
  }
  // A copy keeps the tokens. A restore drops them, since a backup may contain tokens that were revoked
  // later.
  expect(await within(copied, (database) => listApiTokens(database))).toMatchObject([{ id: 1 }])
  expect(await within(restored, (database) => listApiTokens(database))).toEqual([])
  // Numbers are never reused.
  for (const folder of [copied, restored]) {
    expect(await within(folder, addToken)).toMatchObject({ id: 3 })
  }
  // A database with an audit trail is not an empty target.
  const emptied = makeDataFolder()
  await within(emptied, async (database) => {
    const edda = { username: 'edda', password: 'a password for tests', role: 'editor' }
    await removeUser(database, await createUser(database, edda))
  })
  expect((await restore(emptied, file)).stderr).toContain('There is a library at the target')
})

it('a backup of a version without an audit trail is restored', async () => {
  const file = join(makeDataFolder(), 'library.tar')
  expect((await runCli(await makeLibrary(), ['backup', file])).code).toBe(0)
  const target = makeDataFolder()
  expect((await restore(target, await makeOlder(file))).code).toBe(0)
  expect(await trail(target)).toMatchObject([{ id: 1, action: 'library-restored' }])

  const cut = await makeOlder(file, 2)
  const refused = await restore(makeDataFolder(), cut)
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('has no rows/audit') })
})

/** Writes the same backup in the format of an older version. */
async function makeOlder(file: string, version = 1): Promise<string> {
  const folder = await mkdtemp(join(makeDataFolder(), 'older-'))
  const path = join(folder, 'older.tar')
  const archive = writeArchive(createWriteStream(path), { folder, keepOpen: false })
  let header = ''
  const entries = readArchive(createReadStream(file), (read) => {
    header = JSON.stringify({ ...read, version })
  })
  for await (const { name, content } of entries) {
    if (header !== '') await archive.addText(HEADER, header)
    header = ''
    const bytes = Buffer.concat(await Array.fromAsync(content))
    if (name === `${ROWS}audit.ndjson`) continue
    const source = join(folder, 'entry')
    await writeFile(source, name === LIBRARY ? withoutCounters(bytes) : bytes)
    await archive.add(name, source)
  }
  await archive.finish()
  return path
}

function withoutCounters(bytes: Buffer): string {
  const { counters, ...library } = JSON.parse(bytes.toString())
  const { media, files, users } = counters
  return JSON.stringify({ ...library, counters: { media, files, users } })
}
