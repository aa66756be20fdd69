import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'
import { onPostgres } from './postgres.ts'

const PASSWORD = 'a good password'
let server: Server
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const user = (args: string[], input = PASSWORD) =>
  runCli(server.data, ['user', ...args], { input: `${input}\n` })

const add = (name: string, role = 'viewer') =>
  user(['add', name, '--role', role, '--password-stdin'])

describe('the commands for accounts, beside a running server', () => {
  it('make an account that can sign in at once', async () => {
    expect(await add('Anna', 'editor')).toEqual({
      code: 0,
      stdout: 'Added the user Anna with the role editor.\n',
      stderr: '',
    })
    const client = await signIn(server, 'anna', PASSWORD)
    expect((await client.get('/auth/me')).body).toMatchObject({
      user: { username: 'anna', roles: ['editor'] },
    })
  })

  it('remove only one trailing newline from the password', async () => {
    await user(['add', 'newline', '--role', 'viewer', '--password-stdin'], ` ${PASSWORD} \n`)
    await expect(signIn(server, 'newline', ` ${PASSWORD} \n`)).resolves.toBeDefined()
    await expect(signIn(server, 'newline', PASSWORD)).rejects.toThrow('Sign-in failed')
  })

  it('show all accounts as a table', async () => {
    await add('東京')
    const { code, stdout } = await user(['list'])
    expect(code).toBe(0)
    const [header = '', ...lines] = stdout.trimEnd().split('\n')
    const place = header.indexOf('CREATED')
    for (const line of lines)
      expect(line.slice(place)).toMatch(/^\d{4}-\d\d-\d\dT\S+Z {2}\S+ +\S+$/)
    expect(lines.join('\n')).toMatch(/^admin +enabled .* admin$/m)
    expect(lines.join('\n')).toMatch(/^viewer +enabled .* 東京$/m)
  })

  it('end the sessions of a removed account at once', async () => {
    await add('removed')
    const client = await signIn(server, 'removed', PASSWORD)
    expect((await client.list()).status).toBe(200)
    expect((await user(['remove', 'removed'])).code).toBe(0)
    expect((await client.list()).status).toBe(401)
    const byToken = new Client(server.url)
    const authorization = `Bearer ${client.accessToken}`
    expect((await byToken.get('/media', { headers: { authorization } })).status).toBe(401)
  })

  it('disable and enable', async () => {
    await add('pausing')
    const client = await signIn(server, 'pausing', PASSWORD)
    expect((await user(['disable', 'pausing'])).code).toBe(0)
    expect((await client.list()).status).toBe(401)
    await expect(signIn(server, 'pausing', PASSWORD)).rejects.toThrow('Sign-in failed')
    expect((await user(['list'])).stdout).toMatch(/^viewer +disabled .* pausing$/m)
    expect((await user(['enable', 'pausing'])).code).toBe(0)
    await expect(signIn(server, 'pausing', PASSWORD)).resolves.toBeDefined()
  })

  it('change the role from the next request on', async () => {
    await add('rising')
    const client = await signIn(server, 'rising', PASSWORD)
    const edit = () => client.post('/media/edit/1', { name: 'a', tags: [] })
    expect((await edit()).status).toBe(403)
    expect((await user(['role', 'rising', 'editor'])).code).toBe(0)
    expect((await edit()).status).toBe(404)
  })

  it('change the password and end the sessions', async () => {
    await add('changing')
    const client = await signIn(server, 'changing', PASSWORD)
    const changed = await user(['password', 'changing', '--password-stdin'], 'another password')
    expect(changed).toMatchObject({ code: 0, stderr: '' })
    expect((await client.list()).status).toBe(401)
    await expect(signIn(server, 'changing', 'another password')).resolves.toBeDefined()
  })

  it.each([
    { is: 'an unknown name', args: ['remove', 'nobody'], says: 'There is no user "nobody".' },
    { is: 'an unknown role', args: ['role', 'admin', 'king'], says: 'There is no role "king"' },
    { is: 'the last administrator', args: ['remove', 'admin'], says: 'the last enabled admin' },
    { is: 'a taken name', args: ['add', 'ADMIN'], says: 'There is a user "admin" already' },
    { is: 'an invalid name', args: ['add', 'a b'], says: '"a b" is no username' },
    { is: 'a short password', args: ['add', 'short'], input: 'short', says: 'has 5 characters' },
  ])('print one line for an error: $is', async ({ args, input, says }) => {
    const options = args[0] === 'add' ? ['--role', 'viewer', '--password-stdin'] : []
    const { code, stdout, stderr } = await user([...args, ...options], input)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(says)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('do not ask for a password without a terminal', async () => {
    const { code, stderr } = await user(['add', 'unasked', '--role', 'viewer'])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'There is no terminal to ask for the password; give it on standard input with --password-stdin.\n',
    })
  })
})

describe('the commands for accounts, without a server', () => {
  it('create the first account of a new library, and no library from a mistyped folder', async () => {
    const data = makeDataFolder()
    const list = () => runCli(data, ['user', 'list'])
    if (!onPostgres) {
      const missing = { code: 1, stderr: expect.stringContaining('no library') }
      expect(await list()).toMatchObject(missing)
    }
    const args = ['user', 'add', 'first', '--role', 'admin', '--password-stdin']
    expect(await runCli(data, args, { input: PASSWORD })).toMatchObject({ code: 0 })
    expect((await list()).stdout).toContain('first')
  })
})
