import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { takeStock } from '../consistency.ts'
import { makePng } from '../fixtures.ts'
import {
  ADMIN_PASSWORD,
  Client,
  type RequestOptions,
  runCli,
  type Server,
  signIn,
  startServer,
} from '../harness.ts'

const PASSWORD = 'looks at everything'

let server: Server
let admin: Client
let viewer: Client
/** Every route that changes something, with a request that would succeed with permission. */
let calls: Record<string, { path: string; options?: RequestOptions }>

beforeAll(async () => {
  server = await startServer()
  for (const name of ['viewer', 'victim']) {
    await runCli(server.data, ['user', 'add', name, '--role', 'viewer', '--password-stdin'], {
      input: PASSWORD,
    })
  }
  admin = await signIn(server)
  viewer = await signIn(server, 'viewer', PASSWORD)
  // The first use of a token is recorded, so it happens here.
  await viewer.list('?limit=1')
  const victim = await signIn(server, 'victim', PASSWORD)
  // Two sessions, since one call ends one of them.
  await signIn(server, 'victim', PASSWORD)
  await signIn(server)
  const tokenOf = async (client: Client) => {
    const json = { name: 'a script', permissions: ['view-media'], days: 1 }
    return (await client.request<{ token: { id: number } }>('POST', '/auth/tokens', { json })).body
      .token.id
  }
  const sessionOf = async (client: Client) =>
    (await client.request<{ sessions: { id: string }[] }>('GET', '/auth/sessions')).body.sessions[0]
      ?.id ?? ''
  const { id: user } = (await victim.request<{ user: { id: number } }>('GET', '/auth/me')).body.user
  const item = async (seed: number) =>
    (await admin.add('An item', ['tag'], await makePng({ seed }))).body.media.id
  const trashed = async (seed: number) => {
    const id = await item(seed)
    expect((await admin.post(`/media/trash/${id}`, undefined)).status).toBe(200)
    return id
  }
  const image = (await makePng({ seed: 9 })).toString('base64')
  const replaced = async (seed: number) => {
    const id = await item(seed)
    expect((await admin.post(`/media/replace/${id}`, { image })).status).toBe(200)
    return id
  }
  const elsewhere = await sessionOf(await signIn(server))
  const json = (body: unknown) => ({ options: { json: body } })

  const collection = async (name: string) =>
    (
      await admin.request<{ collection: { id: number } }>('POST', '/collections', {
        json: { name },
      })
    ).body.collection.id
  const ordering = async () => {
    const [id, ids] = [await collection('Ordered'), [await item(6), await item(7)]]
    await admin.post('/media/bulk/collections', { ids, add: [id] })
    return { path: `/collections/${id}/order`, ...json({ ids: ids.slice(1), before: ids[0] }) }
  }

  await admin.request('PUT', '/presets/old', { json: { options: 'w_400' } })

  const TUS = { 'tus-resumable': '1.0.0' }
  const named = { ...TUS, 'upload-length': '9', 'upload-metadata': 'name QQ==' }
  const upload = async () =>
    (await admin.request('POST', '/media/uploads', { headers: named })).headers.get('location') ??
    ''
  const bytes = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' }

  calls = {
    'POST /media/uploads': { path: '/media/uploads', options: { headers: named } },
    'PATCH /media/uploads/{id}': {
      path: await upload(),
      options: { headers: { ...TUS, ...bytes }, body: 'x' },
    },
    'DELETE /media/uploads/{id}': { path: await upload(), options: { headers: TUS } },
    'POST /media/add': { path: '/media/add', ...json({ name: 'New', tags: [], image }) },
    'POST /media/edit/{id}': {
      path: `/media/edit/${await item(1)}`,
      ...json({ name: 'Other', tags: ['other'] }),
    },
    'POST /media/bulk/tags': {
      path: '/media/bulk/tags',
      ...json({ ids: [await item(2)], add: ['more'] }),
    },
    'POST /media/bulk/edit': {
      path: '/media/bulk/edit',
      ...json({ ids: [await item(5)], rename: 'Other' }),
    },
    'POST /media/tags/rename': {
      path: '/media/tags/rename',
      ...json({ from: 'tag', to: 'other' }),
    },
    'POST /media/tags/remove': { path: '/media/tags/remove', ...json({ tag: 'other' }) },
    'POST /media/bulk/delete': { path: '/media/bulk/delete', ...json({ ids: [await item(3)] }) },
    'PATCH /media/item/{id}': {
      path: `/media/item/${await item(12)}`,
      ...json({ name: 'Other' }),
    },
    'POST /media/replace/{id}': { path: `/media/replace/${await item(13)}`, ...json({ image }) },
    'POST /media/item/{id}/versions/{version}/restore': {
      path: `/media/item/${await replaced(14)}/versions/1/restore`,
    },
    'DELETE /media/item/{id}/versions/{version}': {
      path: `/media/item/${await replaced(15)}/versions/1`,
    },
    'POST /media/trash/{id}': { path: `/media/trash/${await item(5)}` },
    'POST /media/bulk/trash': { path: '/media/bulk/trash', ...json({ ids: [await item(6)] }) },
    'POST /media/restore/{id}': { path: `/media/restore/${await trashed(7)}` },
    'POST /media/bulk/restore': {
      path: '/media/bulk/restore',
      ...json({ ids: [await trashed(8)] }),
    },
    'POST /media/merge': {
      path: '/media/merge',
      ...json({ into: await item(10), ids: [await item(11)] }),
    },
    'POST /media/bulk/collections': {
      path: '/media/bulk/collections',
      ...json({ ids: [await item(16)], add: [await collection('Filled')] }),
    },
    'POST /collections': { path: '/collections', ...json({ name: 'New' }) },
    'PATCH /collections/{id}': {
      path: `/collections/${await collection('Renamed')}`,
      ...json({ name: 'Other' }),
    },
    'DELETE /collections/{id}': { path: `/collections/${await collection('Deleted')}` },
    'POST /collections/{id}/order': await ordering(),
    'PUT /presets/{name}': { path: '/presets/new', ...json({ options: 'w_500' }) },
    'DELETE /presets/{name}': { path: '/presets/old' },
    'DELETE /media/delete/{id}': { path: `/media/delete/${await item(4)}` },
    'POST /users': {
      path: '/users',
      ...json({ username: 'intruder', password: PASSWORD, role: 'admin' }),
    },
    'POST /users/{id}/role': { path: `/users/${user}/role`, ...json({ role: 'admin' }) },
    'DELETE /users/{id}/tokens/{token}': { path: `/users/${user}/tokens/${await tokenOf(victim)}` },
    'DELETE /users/{id}/sessions/{session}': {
      path: `/users/${user}/sessions/${await sessionOf(victim)}`,
    },
    'DELETE /users/{id}/sessions': { path: `/users/${user}/sessions` },
    'POST /users/{id}/password': {
      path: `/users/${user}/password`,
      ...json({ password: 'another password' }),
    },
    'POST /users/{id}/disabled': { path: `/users/${user}/disabled`, ...json({ disabled: true }) },
    'DELETE /users/{id}': { path: `/users/${user}` },
    'POST /auth/tokens': {
      path: '/auth/tokens',
      ...json({ name: 'mine', permissions: ['view-media'], days: 9 }),
    },
    'DELETE /auth/tokens/{id}': { path: `/auth/tokens/${await tokenOf(admin)}` },
    'DELETE /auth/sessions/{session}': { path: `/auth/sessions/${elsewhere}` },
    'DELETE /auth/sessions': { path: '/auth/sessions' },
    'POST /auth/password': {
      path: '/auth/password',
      ...json({ currentPassword: ADMIN_PASSWORD, password: 'a new password' }),
    },
    'POST /auth/logout': { path: '/auth/logout' },
  }
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

/** Recorded by design: refusals, and the last use of sessions and tokens. */
const RECORDS = ['audit', 'login_attempts', 'owners', 'scrub', 'sqlite_sequence']
const LAST_USE = ['last_used_at', 'lease_until']

/** A hash of everything in the library, rows and bytes. */
async function takePicture(): Promise<string> {
  const database = new DatabaseSync(join(server.data, 'vitrine.db'), { readOnly: true })
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
  const rows = tables
    // SQLite maintains the rows of the search index. `takeStock` checks them against the items.
    .filter(({ name }) => !RECORDS.includes(String(name)) && !/^media_search/.test(String(name)))
    .map(({ name }) => [name, database.prepare(`SELECT * FROM "${name}"`).all()])
  database.close()
  const { stored, temporary } = await takeStock(server.data)
  const folder = join(server.data, 'uploads')
  const uploads = readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')])
  const text = JSON.stringify([rows, stored, temporary, uploads], (key, value) =>
    LAST_USE.includes(key) ? undefined : value,
  )
  return createHash('sha256').update(text).digest('hex')
}

/** Content types that a page of another site can make a browser send, whatever CORS allows. */
const SIMPLE_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
]

const SENDERS: Record<
  string,
  { client: () => Client; headers?: Record<string, string>; status: (call: string) => number[] }
> = {
  nobody: { client: () => new Client(server.url), status: () => [401] },
  'a viewer': {
    client: () => viewer,
    // Routes that need only a session affect the viewer's own account, so they are left out.
    status: (call) => (call.includes('/auth/') ? [] : [403]),
  },
  'another site’s page': {
    client: () => admin,
    headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    status: () => [403],
  },
  'a neighbour site’s page': {
    client: () => admin,
    headers: { 'sec-fetch-site': 'same-site', origin: 'https://evil.example' },
    status: () => [403],
  },
  ...Object.fromEntries(
    SIMPLE_TYPES.map((type) => [
      `a form of another site, of ${type.split(';')[0]},`,
      {
        client: () => admin,
        headers: { origin: 'https://evil.example', 'content-type': type },
        status: () => [403],
      },
    ]),
  ),
  'a page without an origin': {
    client: () => admin,
    headers: { origin: 'null' },
    status: () => [403],
  },
}

describe('a change that is refused', () => {
  it('is tried on every route that changes something', async () => {
    const { paths } = (
      await admin.request<{ paths: Record<string, Record<string, { security: unknown[] }>> }>(
        'GET',
        '/openapi.json',
      )
    ).body
    // These only read.
    const { '/media/zip': _zip, '/media/urls': _urls, ...others } = paths
    const changing = Object.entries(others).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([method, { security }]) => method !== 'get' && method !== 'options' && security[0])
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    )
    expect(Object.keys(calls).sort()).toEqual(changing.sort())
  })

  it.each(Object.keys(SENDERS))('changes nothing when %s sends it', async (name) => {
    const { client, headers, status } = SENDERS[name] ?? {}
    const before = await takePicture()
    for (const [call, { path, options }] of Object.entries(calls)) {
      const wanted = status?.(call) ?? []
      if (wanted.length === 0) continue
      const answer = await client?.().request(call.split(' ', 1)[0] ?? '', path, {
        ...options,
        headers: { ...headers },
      })
      expect([call, answer?.status]).toEqual([call, ...wanted])
    }
    expect(await takePicture()).toBe(before)
  })

  it('would change something with permission', async () => {
    for (const [call, { path, options }] of Object.entries(calls)) {
      const before = await takePicture()
      const { status, body } = await admin.request(call.split(' ', 1)[0] ?? '', path, options)
      expect([call, status, body]).toEqual([call, expect.toBeOneOf([200, 201, 204]), body])
      expect([call, (await takePicture()) === before]).toEqual([call, false])
    }
  })
})
