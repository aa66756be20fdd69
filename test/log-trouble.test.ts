import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeJpeg } from './fixtures.ts'
import { makeDataFolder, ROOT, type Server, signIn, startServer } from './harness.ts'
import { canMount, mountSmallDisk, run } from './mounts.ts'

const LOST = 'Lines of the log could not be written and are lost'
/** About 1.4 MB of log, more than the log keeps in memory for a later attempt. */
const REQUESTS = 1200
const LONG_PATH = `/nothing/${'x'.repeat(1100)}`

interface Line {
  msg: string
  path?: string
  lines?: number
}

const linesOf = (log: string): Line[] =>
  log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** Waits for an event in another process that cannot be observed. */
const soon = () => new Promise((resolve) => setTimeout(resolve, 20))

/** Makes a server write a long log, and expects it to answer every request meanwhile. */
async function writeMuch(server: Server) {
  const client = await signIn(server)
  for (let sent = 0; sent < REQUESTS; sent += 50) {
    const answers = Array.from({ length: 50 }, () => fetch(server.url + LONG_PATH))
    for (const answer of await Promise.all(answers)) {
      expect(answer.status).toBe(404)
      await answer.body?.cancel()
    }
  }
  expect((await client.get('/health/live')).status).toBe(200)
  expect((await client.add('An image', [], await makeJpeg())).status).toBe(200)
  expect((await client.list()).body.media).toHaveLength(1)
}

/** Expects every line to be written once, or to be counted as lost. */
function expectAllTold(log: string) {
  const lines = linesOf(log)
  const lost = lines.filter(({ msg }) => msg === LOST)
  const counted = lost.reduce((sum, { lines = 0 }) => sum + lines, 0)
  const written = lines.filter(({ path }) => path?.startsWith('/nothing/')).length
  expect(counted).toBeGreaterThan(0)
  // The count includes lines of other requests.
  expect(written + counted).toBeGreaterThanOrEqual(REQUESTS)
  expect(written + counted).toBeLessThan(REQUESTS + 20)
}

/** A named pipe. This process has both ends, and reads only on request. */
function openPipe() {
  const path = join(makeDataFolder(), 'pipe')
  run('mkfifo', path)
  const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants
  const both = openSync(path, O_RDWR | O_NONBLOCK)
  const source = openSync(path, O_RDONLY | O_NONBLOCK)
  const target = openSync(path, O_WRONLY)
  onTestFinished(() => {
    for (const file of [both, source, target]) closeSync(file)
  })
  const buffer = Buffer.alloc(65_536)
  const chunks: Buffer[] = []
  return {
    target,
    /** Reads until `isEnough` accepts the text. Returns everything read so far. */
    async read(isEnough: (log: string) => boolean): Promise<string> {
      for (;;) {
        const log = Buffer.concat(chunks).toString()
        if (isEnough(log)) return log
        try {
          const length = readSync(source, buffer)
          chunks.push(Buffer.from(buffer.subarray(0, length)))
        } catch {
          // The pipe is empty: let the server write.
          await soon()
        }
      }
    },
  }
}

describe.runIf(process.platform === 'linux')('a log that cannot be written', () => {
  it.skipIf(!canMount)(
    'on a full disk neither stops nor delays the server, and lost lines are counted (root only)',
    async () => {
      const disk = mountSmallDisk(1)
      const path = join(disk.data, 'log')
      const file = openSync(path, 'a')
      const server = await startServer({}, undefined, file)
      onTestFinished(async () => {
        await server.kill()
        closeSync(file)
        disk.unmount()
      })
      disk.fill()
      await writeMuch(server)
      disk.empty()
      run('mount', '-o', 'remount,size=8m', disk.data)
      while (!readFileSync(path, 'utf8').includes(LOST)) await soon()
      expect(await server.stop()).toBe(0)
      expectAllTold(readFileSync(path, 'utf8'))
    },
  )

  it('because its pipe is not read does not block the server, and lost lines are counted', async () => {
    const pipe = openPipe()
    const server = await startServer({}, undefined, pipe.target)
    onTestFinished(() => server.kill())
    await writeMuch(server)
    const log = await pipe.read((log) => log.includes(LOST) && log.endsWith('\n'))
    expectAllTold(log)
    // The last lines are written too.
    const stopped = server.stop()
    await pipe.read((log) => log.includes('finishing the running requests'))
    expect(await stopped).toBe(0)
  })

  it('because its pipe is not read does not keep worker processes from ending', async () => {
    const pipe = openPipe()
    const server = await startServer({ VITRINE_WORKERS: '2' }, undefined, pipe.target)
    onTestFinished(() => server.kill())
    await writeMuch(server)
    expect(await server.stop()).toBe(0)
  })

  it('because its socket is not read neither blocks the server nor keeps it from ending', async () => {
    // Node connects a child process through a socket, as systemd does.
    const { data, url, ...server } = await startServer()
    onTestFinished(() => server.kill())
    server.process.stderr?.pause()
    await writeMuch({ data, url, ...server })
    const exited = once(server.process, 'exit')
    server.process.kill('SIGTERM')
    expect((await exited)[0]).toBe(0)
  })

  it('because its pipe is not read does not keep a command from ending', async () => {
    const pipe = openPipe()
    const script = `
      const { createLog } = await import('./src/http/operate/logging.ts')
      const log = createLog('info')
      for (let line = 0; line < 3000; line++) log.info('x'.repeat(1000))
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', pipe.target],
    })
    expect((await once(child, 'exit'))[0]).toBe(0)
  })
})
