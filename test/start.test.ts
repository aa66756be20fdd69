import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeJpeg, makePng, readFixture } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Settings, signIn, startServer } from './harness.ts'
import { canInject, followOpened } from './strace.ts'

async function start(settings?: Settings, data?: string) {
  const server = await startServer(settings, data)
  onTestFinished(() => server.kill())
  return server
}

/** Makes a process print the modules that it has loaded, Node's own included, when it ends. */
const TELL_LOADED = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
  process.on('exit', () =>
    console.error('loaded', JSON.stringify([...process.moduleLoadList, ...loaded])))
`

describe('a server that starts', () => {
  it('on port 0 prints one line, which ends in its address', async () => {
    const server = await start()
    expect(server.output()).toMatch(/^Vitrine is listening on http:\/\/127\.0\.0\.1:\d{4,5}\n$/)
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
  })

  it.each(['::1', '[::1]'])('on %s prints its URL as a browser needs it', async (host) => {
    const { url } = await start({ VITRINE_HOST: host })
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
  })

  it('loads no large module that is not needed yet', async () => {
    const server = await start({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL_LOADED)}`,
    })
    expect(await server.stop()).toBe(0)
    const loaded: string[] = JSON.parse(/^loaded (.*)$/m.exec(server.log())?.[1] ?? '')
    expect(loaded.some((name) => name.includes('node_modules/fastify/'))).toBe(true)
    const large = loaded.filter((name) =>
      /undici\/undici|node_modules\/(@fastify\/swagger|yaml|jose|typebox|sharp|prom-client|tar-stream|libheif-js|@imagemagick|exifreader)\//.test(
        name,
      ),
    )
    expect(large).toEqual([])
  })

  it.skipIf(!canInject)('opens no decoder of a format that nobody adds', async () => {
    const server = await start()
    const client = await signIn(server)
    const decoders = /libheif-js|magick-wasm|images\/decoder\/(decoder|heic|magick|svg)\.ts/
    /** What the server and all its processes open of these during an add. */
    const openedBy = async (image: Buffer) => {
      const end = await followOpened(server.process.pid ?? 0)
      expect((await client.add('An image', [], image)).status).toBe(200)
      const opened = await end()
      expect(opened.length).toBeGreaterThan(0)
      return new Set(opened.flatMap((path) => decoders.exec(path)?.[0] ?? []))
    }
    expect(await openedBy(await makeJpeg({ seed: 3 }))).toEqual(new Set())
    expect(await openedBy(readFixture('quarters.heic'))).toEqual(
      new Set(['images/decoder/decoder.ts', 'images/decoder/heic.ts', 'libheif-js']),
    )
  })

  it('again has all its data', async () => {
    const first = await start()
    const client = await signIn(first)
    const image = await makePng()
    const { media } = (await client.add('Kept', ['tag'], image)).body
    const { media: gone } = (await client.add('Gone', [], await makePng({ seed: 2 }))).body
    await client.delete(`/media/delete/${gone.id}`)
    const listed = await client.list()
    expect(await first.stop()).toBe(0)

    const second = await start({}, first.data)
    expect(second.output()).toMatch(/^Vitrine is listening on \S+\n$/)
    const again = new Client(second.url)
    again.cookie = client.cookie
    const relisted = await again.list()
    expect(relisted.body).toEqual(listed.body)
    expect(relisted.headers.get('etag')).toBe(listed.headers.get('etag'))
    expect((await again.get(`/media/original/${media.id}`)).bytes.equals(image)).toBe(true)
    expect((await again.get(media.urls.scaled)).status).toBe(200)
    const { body } = await again.add('New', [], await makePng({ seed: 3 }))
    expect(body.media.id).toBeGreaterThan(gone.id)
    again.cookie = ''
    const headers = { authorization: `Bearer ${client.accessToken}` }
    expect((await again.get('/media?limit=1', { headers })).status).toBe(200)
  })

  it('warns about unknown variables', async () => {
    const server = await start({ VITRINE_PROT: '80' })
    expect(server.log()).toContain('VITRINE_PROT is no setting')
  })
})

describe('the first administrator', () => {
  it('gets the configured password at the first start only', async () => {
    const first = await start()
    await signIn(first)
    expect(existsSync(join(first.data, 'admin-password'))).toBe(false)
    await first.stop()
    const second = await start({ VITRINE_ADMIN_PASSWORD: 'another password' }, first.data)
    await signIn(second)
    await expect(signIn(second, 'admin', 'another password')).rejects.toThrow('Invalid credentials')
  })

  it('gets a password in a file that only its owner can read, without a terminal', async () => {
    const server = await start({ VITRINE_ADMIN_PASSWORD: undefined })
    const file = join(server.data, 'admin-password')
    expect(server.output().split('\n')[0]).toBe(`Sign in as "admin" with the password in ${file}.`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const password = readFileSync(file, 'utf8').trim()
    expect(password.length).toBeGreaterThanOrEqual(16)
    expect(server.output() + server.log()).not.toContain(password)
    await signIn(server, 'admin', password)

    await server.stop()
    const again = await start({ VITRINE_ADMIN_PASSWORD: undefined }, server.data)
    expect(again.output()).toMatch(/^Vitrine is listening on \S+\n$/)
    await signIn(again, 'admin', password)
  })

  // `script` of util-linux runs a command in a pseudoterminal.
  const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes(
    'util-linux',
  )
  if (!hasTerminal) console.warn('SKIPPED: without "script" (util-linux) there is no terminal.')
  it.skipIf(!hasTerminal)(
    'gets a password that is shown on the terminal and stored nowhere',
    async () => {
      const data = makeDataFolder()
      const child = spawn(
        'script',
        ['-qec', `"${process.execPath}" vitrine.mjs serve`, '/dev/null'],
        {
          cwd: join(import.meta.dirname, '..'),
          env: { PATH: process.env.PATH, VITRINE_DATA: data, VITRINE_PORT: '0' },
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      )
      onTestFinished(() => void child.kill())
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (chunk) => {
        output += chunk
      })
      while (!output.includes('Vitrine is listening on')) await once(child.stdout, 'data')
      const [, password = ''] = /with the password (\S+) \(shown only now\)/.exec(output) ?? []
      const [, url = ''] = /listening on (\S+)/.exec(output) ?? []
      await new Client(url).signIn('admin', password)
      expect(existsSync(join(data, 'admin-password'))).toBe(false)
    },
  )
})

describe('a configuration with faults', () => {
  it('is refused with one line for each fault', async () => {
    const data = join(makeDataFolder(), 'never made')
    const settings = {
      VITRINE_HOST: 'http://localhost',
      VITRINE_PORT: '99999',
      VITRINE_API: 'maybe',
      VITRINE_DELIVERY: '',
      VITRINE_MAX_IMAGE_BYTES: '-1',
      VITRINE_TRUSTED_PROXIES: '10.0.0.0/8, somewhere',
      VITRINE_ALLOWED_ORIGINS: 'https://a.example/path',
      VITRINE_DATABASE_URL: 'mysql://user:secret@host/name',
      VITRINE_ADMIN_PASSWORD: 'short',
    }
    const flags = ['--log-level', 'loud']
    const { code, stdout, stderr } = await runCli(data, ['serve', ...flags], { settings })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const [heading, ...lines] = stderr.trimEnd().split('\n')
    expect(heading).toBe('Vitrine cannot start with this configuration:')
    for (const name of ['--log-level', ...Object.keys(settings)]) {
      expect(lines.filter((line) => line.includes(`  ${name}`))).toHaveLength(1)
    }
    expect(lines).toHaveLength(Object.keys(settings).length + 1)
    expect(stderr).not.toContain('secret')
    expect(stderr).not.toContain('short')
    expect(existsSync(data)).toBe(false)
  })

  it.each([
    ['a flag that does not exist', ['serve', '--prot', '80'], {}, /unknown option '--prot'/],
    [
      'an address of another machine',
      ['serve'],
      { VITRINE_HOST: '192.0.2.1' },
      /^VITRINE_HOST is "192\.0\.2\.1".*must be an address of this machine/,
    ],
    [
      'an address of another machine, for several processes',
      ['serve'],
      { VITRINE_HOST: '192.0.2.1', VITRINE_WORKERS: '2' },
      /^VITRINE_HOST is "192\.0\.2\.1".*must be an address of this machine/,
    ],
    [
      'a name that does not resolve',
      ['serve'],
      { VITRINE_HOST: 'nowhere.invalid' },
      /^VITRINE_HOST is "nowhere\.invalid".*must be an address of this machine/,
    ],
  ])('is refused in one line: %s', async (_, args, settings, reason) => {
    const { code, stderr } = await runCli(makeDataFolder(), args, { settings })
    expect(code).toBe(1)
    expect(stderr).toMatch(reason)
    expect(stderr).not.toContain('    at ')
  })

  it('is refused in one line: a port in use', async () => {
    const server = await start()
    const { port } = new URL(server.url)
    const other = makeDataFolder()
    const { code, stderr } = await runCli(other, ['serve'], { settings: { VITRINE_PORT: port } })
    expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 })
    expect(stderr).toContain(`VITRINE_PORT is ${port}, and another program listens there`)
    expect(stderr).toContain('must be a free port')
  })

  it('is refused in one line: a data folder that is a file', async () => {
    const file = join(makeDataFolder(), 'file')
    writeFileSync(file, '')
    const { code, stderr } = await runCli(file, ['serve'])
    expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 })
    expect(stderr).toContain(file)
  })
})
