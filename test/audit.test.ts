import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeJpeg } from './fixtures.ts'
import { Client, runCli, type Server, signIn, startServer } from './harness.ts'

const PASSWORD = 'a good password'
let server: Server
beforeAll(async () => {
  server = await startServer()
  await cli(['user', 'add', 'ed', '--role', 'editor', '--password-stdin'], PASSWORD)
})
afterAll(() => server?.stop())

const cli = (args: string[], input = '') => runCli(server.data, args, { input })

/** Output of the command, oldest entry first. */
async function trail(...args: string[]) {
  const { code, stdout, stderr } = await cli(['audit', '--json', ...args])
  expect([code, stderr]).toEqual([0, ''])
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line)).reverse()
}

const read = (client: Client, query: string) =>
  client.request<{ entries: { subject: string; timestamp: string }[]; next: number | null }>(
    'GET',
    `/audit${query}`,
  )

describe('the audit trail of a running server', () => {
  it('has every change to the library, by session, token and command', async () => {
    const ed = await signIn(server, 'ed', PASSWORD)
    const made = await cli([
      ...['token', 'add', 'A script', '--user', 'ed', '--days', '1'],
      ...['--permissions', 'add-media,delete-media'],
    ])
    expect(made.code).toBe(0)
    const secret = made.stdout.trim()
    expect(secret).toMatch(/^vitrine_[\w-]{43}$/)
    expect((await cli(['token', 'list', '--user', 'ed'])).stdout).toMatch(
      /^1 {3}\S+Z {2}never {5}add-media,delete-media {2}ed {4}A script$/m,
    )

    const script = new Client(server.url)
    const authorization = `Bearer ${secret}`
    const form = new FormData()
    form.append('name', 'First')
    form.append('tags', '[]')
    form.append('image', new Blob([new Uint8Array(await makeJpeg())]))
    const added = await script.request('POST', '/media/add', {
      body: form,
      headers: { authorization },
    })
    expect(added.status).toBe(200)
    const headers = { headers: { authorization } }
    const edited = await script.post('/media/edit/1', { name: 'x', tags: [] }, headers)
    expect(edited.status).toBe(403)

    await ed.add('Second', ['a'], await makeJpeg())
    await ed.add('Third', ['a'], await makeJpeg())
    await ed.post('/media/edit/2', { name: 'Second one', tags: ['b'] })
    await ed.post('/media/bulk/tags', { ids: [1, 2, 3], add: 'c' })
    await ed.post('/media/bulk/delete', { ids: [2, 3, 77] })
    expect(
      (await script.request('DELETE', '/media/delete/1', { headers: { authorization } })).status,
    ).toBe(200)
    // A failed action is not recorded as done.
    expect((await ed.request('DELETE', '/media/delete/1')).status).toBe(404)
    expect((await ed.post('/media/edit/1', { name: 'a', tags: [] })).status).toBe(404)
    expect((await cli(['token', 'revoke', '1'])).code).toBe(0)
    expect((await script.get('/media', { headers: { authorization } })).status).toBe(401)

    const told = (await trail('--user', 'ed')).map(
      ({ actor, tokenId, network, action, subject, detail }) => [
        tokenId === null ? actor : `${actor}, token ${tokenId}`,
        network,
        action,
        subject,
        detail,
      ],
    )
    const byEd = ['ed', '127.0.0.1']
    const byToken = ['ed, token 1', '127.0.0.1']
    const byCommand = ['command line', null]
    const permissions = ['add-media', 'delete-media']
    const refusal = { method: 'POST', route: '/media/edit/:id', needs: 'edit-media' }
    const renamed = { from: 'Second', to: 'Second one' }
    expect(told).toEqual([
      [...byCommand, 'account-created', 'account:ed', { id: 2, role: 'editor' }],
      [...byEd, 'signed-in', null, { userAgent: expect.any(String) }],
      [
        ...byCommand,
        'token-created',
        'account:ed',
        { token: 1, name: 'A script', permissions, expires: expect.any(String) },
      ],
      [...byToken, 'media-added', 'media:1', { name: 'First' }],
      [...byToken, 'refused', null, refusal],
      [...byEd, 'media-added', 'media:2', { name: 'Second' }],
      [...byEd, 'media-added', 'media:3', { name: 'Third' }],
      [...byEd, 'media-edited', 'media:2', { name: renamed, tagsAdded: ['b'], tagsRemoved: ['a'] }],
      [...byEd, 'media-tagged', null, { ids: [1, 2, 3], tagsAdded: ['c'], tagsRemoved: [] }],
      [...byEd, 'media-deleted', null, { ids: [2, 3] }],
      [...byToken, 'media-deleted', 'media:1', { name: 'First' }],
      [...byCommand, 'token-revoked', 'account:ed', { token: 1, name: 'A script' }],
    ])
    expect(JSON.stringify(told)).not.toContain(secret)
  })

  it('shows administrators the same entries over HTTP and by the command', async () => {
    const admin = await signIn(server)
    const { body } = await read(admin, '?limit=1000')
    expect(body.next).toBeNull()
    expect(body.entries).toEqual((await trail('--limit', '1000')).reverse())

    const [newest] = body.entries
    const filtered = await read(admin, '?action=media-added&limit=2')
    expect(filtered.body.entries.map(({ subject }) => subject)).toEqual(['media:3', 'media:2'])
    const next = await read(admin, `?action=media-added&before=${filtered.body.next}`)
    expect(next.body.entries).toHaveLength(1)
    const since = await read(admin, `?since=${newest?.timestamp}`)
    expect(since.body.entries).toContainEqual(newest)
    const ed = await signIn(server, 'ed', PASSWORD)
    expect((await ed.get('/audit')).status).toBe(403)
  })

  it('is printed as a table by default', async () => {
    const { stdout, stderr } = await cli(['audit', '--action', 'media-added', '--limit', '2'])
    expect(stdout).toMatch(/^ID +TIME +WHO +FROM +ACTION +WHAT$/m)
    expect(stdout).toMatch(/^\d+ +\S+Z +ed +127\.0\.0\.1 +media-added +media:3 {"name":"Third"}$/m)
    expect(stderr).toMatch(/^There is more: go on with --before \d+/)
    expect((await trail('--since', '1h')).length).toBeGreaterThan(10)
    expect(await trail('--since', '2100-01-01')).toEqual([])
    for (const wrong of [
      ['--since', 'yesterday'],
      ['--action', 'flew'],
      ['--limit', '0'],
      ['--before', '-1'],
    ]) {
      const refused = await cli(['audit', ...wrong])
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain(`${wrong[0]} must be`)
    }
  })
})

it('commands list sessions and end them', async () => {
  const ed = await signIn(server, 'ed', PASSWORD)
  const listed = await cli(['user', 'sessions', 'ed'])
  expect(listed.stdout).toMatch(/^ID +CREATED +LAST USE +FROM +BROWSER$/m)
  const [id = ''] = listed.stdout.split('\n')[1]?.split(' ') ?? []
  expect((await cli(['user', 'sign-out', 'ed', '--session', id])).stdout).toContain(id)
  expect((await cli(['user', 'sign-out', 'ed', '--session', id])).code).toBe(1)
  expect((await cli(['user', 'sign-out', 'ed'])).stdout).toMatch(/^Ended \d+ sessions of ed\.$/m)
  expect((await ed.list()).status).toBe(401)
  expect((await cli(['user', 'sign-out', 'nobody'])).stderr).toContain('There is no user "nobody"')
})
