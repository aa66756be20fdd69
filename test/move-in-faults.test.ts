import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { makeDataFolder, runCli, startCli, withoutProgress } from './harness.ts'
import { type Immich, makeAssets, startImmich } from './immich.ts'
import { expectSound } from './import-steps.ts'

/** Moving in from a source that fails, here a stand-in for Immich. */

let immich: Immich
beforeEach(async () => {
  immich = await startImmich()
  onTestFinished(immich.stop)
})

const command = (data: string, url = immich.url) => [
  'import',
  '--from',
  'immich',
  url,
  '--map',
  join(data, 'map.jsonl'),
]

async function moveIn(data: string, { url = immich.url, settings = {} } = {}) {
  const { code, stdout, stderr } = await runCli(data, command(data, url), {
    settings: { VITRINE_IMPORT_TOKEN: immich.key, ...settings },
  })
  const [, ...lines] = stdout.trimEnd().split('\n')
  return { code, counts: lines.pop(), lines, stderr: withoutProgress(stderr) }
}

const readMap = (data: string) =>
  readFileSync(join(data, 'map.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line))

describe('a move', () => {
  it('goes on after a kill at any step, in the order of the source, and doubles nothing', async () => {
    const data = makeDataFolder()
    immich.albums = [{ id: 'a', albumName: 'Album', description: '' }]
    immich.assets = await makeAssets(6, { albums: ['a'] })
    let runs = 0
    for (let step = 5; ; step += 67) {
      const { code } = await moveIn(data, {
        settings: {
          NODE_OPTIONS: `--import ${join(import.meta.dirname, 'kill-import.ts')}`,
          KILL_AT_STEP: String(step),
        },
      })
      runs += 1
      if (code === 0) break
      expect(code).toBeNull()
    }
    expect(runs).toBeGreaterThan(2)
    expect(await moveIn(data)).toEqual({
      code: 0,
      counts: '0 added, 6 already there, 0 refused, 0 failed',
      lines: [],
      stderr: '',
    })
    expect((await expectConsistent(data)).media).toEqual([1, 2, 3, 4, 5, 6])
    const lines = readMap(data)
    const ids = Object.fromEntries(
      lines.filter(({ item }) => item).map(({ item, id }) => [item, id]),
    )
    expect(ids).toEqual(Object.fromEntries(immich.assets.map(({ id }, index) => [id, index + 1])))
    expect((await runCli(data, ['collection', 'list'])).stdout.match(/Album/g)).toHaveLength(1)
    await expectSound(data)
  })

  it('adds in the order of the source, however fast each original comes', async () => {
    const data = makeDataFolder()
    immich.assets = await makeAssets(12)
    immich.trouble = (path, _request, response) => {
      // Every third one is ready last.
      const nth = Number(/asset-(\d+)\/original/.exec(path)?.[1] ?? 1)
      if (nth % 3 !== 0) return false
      const { bytes } = immich.assets[nth - 1] ?? {}
      setTimeout(() => response.end(bytes), 300)
      return true
    }
    expect(await moveIn(data)).toMatchObject({ code: 0, counts: /^12 added/ })
    expect(
      readMap(data)
        .map(({ item, id }) => [item, id])
        .sort((a, b) => a[1] - b[1]),
    ).toEqual(immich.assets.map(({ id }, index) => [id, index + 1]))
  })

  it('tries again what broke off, and tells what stays away', async () => {
    const data = makeDataFolder()
    immich.assets = await makeAssets(5)
    const asked = new Map<string, number>()
    immich.trouble = (path, request, response) => {
      const nth = (asked.get(path) ?? 0) + 1
      asked.set(path, nth)
      const again = { 'retry-after': '0' }
      if (path === '/api/search/metadata' && nth === 3) response.writeHead(503, again).end()
      else if (path.includes('asset-1/') && nth === 1) {
        response.writeHead(200, { 'content-length': 1000 }).write('half')
        setImmediate(() => request.socket.destroy())
      } else if (path.includes('asset-2/') && nth === 1) response.writeHead(429, again).end()
      else if (path.includes('asset-3/')) response.writeHead(500, again).end()
      else if (path.includes('asset-4/')) {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Sign in')
      } else return false
      return true
    }
    const first = await moveIn(data)
    expect(first).toMatchObject({
      code: 1,
      counts: '3 added, 0 already there, 1 refused, 1 failed',
      stderr: '',
    })
    expect(first.lines.sort()).toEqual([
      'failed  asset-3 (asset-3): 127.0.0.1 cannot be fetched: it answered with the status 500.',
      'refused  asset-4 (asset-4): 127.0.0.1 cannot be fetched: it sent a page (text/html) and no image; give the address of the image itself.',
    ])
    expect(asked.get('/api/assets/asset-3/original')).toBe(4)
    immich.trouble = () => false
    expect(await moveIn(data)).toMatchObject({
      code: 0,
      counts: '2 added, 3 already there, 0 refused, 0 failed',
    })
    expect((await expectConsistent(data)).media).toHaveLength(5)
  })

  it('ends when the source is away, and gives no other host the token', async () => {
    const data = makeDataFolder()
    const strangers: unknown[] = []
    const stranger = createServer((request, response) => {
      strangers.push(request.headers)
      response.end('secret')
    }).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    onTestFinished(() => {
      stranger.close()
    })
    const { port } = stranger.address() as AddressInfo
    immich.assets = await makeAssets(30)
    immich.trouble = (path, request, response) => {
      if (path.includes('asset-1/')) {
        response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end()
      } else if (path.includes('asset-2/')) {
        response.writeHead(302, { location: `http://localhost:${port}/` }).end()
      } else if (Number(/asset-(\d+)\/original/.exec(path)?.[1]) <= 15) {
        response.writeHead(403).end()
      } else if (path.endsWith('/original')) {
        request.socket.destroy()
      } else return false
      return true
    }
    const { code, lines, stderr } = await moveIn(data, {
      settings: { VITRINE_FETCH_ALLOW: 'localhost' },
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^Immich at http:\S+ cannot be read: 127\.0\.0\.1 cannot be fetched: the connection broke off\. Run it again to go on\.\n$/,
    )
    expect(lines).toContain(
      'failed  asset-1 (asset-1): 127.0.0.1 cannot be fetched: it is not an address of the public internet.',
    )
    // A file that the program withholds does not end the run.
    expect(lines.filter((line) => line.endsWith('status 403.'))).toHaveLength(13)
    expect(strangers).toHaveLength(1)
    expect(strangers[0]).not.toHaveProperty('x-api-key')
  })

  it('stops at SIGINT, also in front of a source that hangs, and goes on later', async () => {
    const data = makeDataFolder()
    immich.assets = await makeAssets(3)
    const hanging = Promise.withResolvers<void>()
    immich.trouble = (path) => {
      if (path.includes('asset-3/')) hanging.resolve()
      return path.includes('asset-3/')
    }
    const running = await startCli(data, command(data), {
      settings: { VITRINE_IMPORT_TOKEN: immich.key },
    })
    await hanging.promise
    while (!readMapIfThere(data).includes('"asset-2"')) await sleep(20)
    process.kill(-Number(running.process.pid), 'SIGINT')
    const { code, stdout, stderr } = await running.ended
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: 'Stopped by SIGINT. Run it again to go on.\n',
    })
    expect(stdout).toMatch(/\n2 added, 0 already there, 0 refused, 0 failed\n$/)
    immich.trouble = () => false
    expect(await moveIn(data)).toMatchObject({ code: 0, counts: /^1 added, 2 already/ })
  })

  it('says what is wrong with the program, the address and the token', async () => {
    const data = makeDataFolder()
    const fails = async (args: readonly string[], settings = {}) => {
      const { code, stdout, stderr } = await runCli(data, ['import', ...args], { settings })
      expect([code, stdout]).toEqual([1, ''])
      return stderr
    }
    const from = ['--from', 'immich']
    const told = await Promise.all([
      fails(['--from', 'flickr', immich.url]),
      fails([...from, 'immich.example.com']),
      fails([...from, `http://anna:secret@127.0.0.1/`]),
      fails([...from, immich.url]),
      fails([...from, immich.url], { VITRINE_IMPORT_TOKEN: 'another key' }),
      fails(['--from', 'wordpress', immich.url, '--token', 'a:b']),
      fails([immich.url, '--token', 'x']),
      fails([...from, immich.url, '--watch']),
    ])
    expect(told).toEqual([
      expect.stringMatching(/^--from is "flickr"; it must be one of .*immich.*\.\n$/),
      'The address is no whole URL, such as https://blog.example.com.\n',
      'The address holds a user name or a password.\n',
      expect.stringMatching(/^Immich needs a token: an API key/),
      `Immich at ${immich.url}/ cannot be read: it does not accept the token for api/search/metadata: status 401 (Invalid API key).\n`,
      `WordPress at ${immich.url}/ cannot be read: it does not accept the token for wp-json/: status 401 (Invalid API key).\n`,
      '--token and --map need --from.\n',
      '--watch, --move and --everything are for folders, not for --from.\n',
    ])
  })
})

function readMapIfThere(data: string): string {
  try {
    return readFileSync(join(data, 'map.jsonl'), 'utf8')
  } catch {
    return ''
  }
}
