import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { MediaList } from '../src/media/list/list-route.ts'
import { takeStock } from './consistency.ts'
import { fillLibrary } from './fill-library.ts'
import { makeJpeg } from './fixtures.ts'
import { type Envelope, makeDataFolder, type Server, signIn, startServer } from './harness.ts'

const PATIENCE = { timeout: 20_000 }
/** Together more than the socket buffers hold for a client that does not read. */
const COUNT = 1500
const PADDING = 20_000

async function start() {
  const data = makeDataFolder()
  await fillLibrary(
    data,
    Array.from({ length: COUNT }, () => ({ name: 'A name', padding: PADDING })),
  )
  const server = await startServer({}, data)
  onTestFinished(() => server.kill())
  return { server, client: await signIn(server) }
}

async function answerOf<Body>(request: ClientRequest) {
  const [answer]: IncomingMessage[] = await once(request, 'response')
  if (!answer) throw new Error('There is no answer.')
  return { status: answer.statusCode, body: (await json(answer)) as Body }
}

/** Sends SIGTERM, and waits until the server accepts no more connections. */
async function beginStop(server: Server) {
  server.process.kill('SIGTERM')
  await server.logged('finishing the running requests')
  const isRefused = () =>
    fetch(`${server.url}/health/live`).then(
      () => false,
      () => true,
    )
  await expect.poll(isRefused, PATIENCE).toBe(true)
}

/** Expects the database to be closed, and the process to have left no files. */
function expectClosed({ data }: Server) {
  expect(existsSync(join(data, 'vitrine.db-wal'))).toBe(false)
  expect(readdirSync(join(data, 'tmp'))).toEqual([])
}

describe.each(['SIGTERM', 'SIGINT'] as const)('a server that gets %s', (signal) => {
  it('ends with exit code 0', async () => {
    const server = await startServer()
    await signIn(server)
    const exited = once(server.process, 'exit')
    server.process.kill(signal)
    expect(await exited).toEqual([0, null])
    expectClosed(server)
  })
})

describe('a server that is stopping', () => {
  it('finishes a running upload, and accepts no other', async () => {
    const { server, client } = await start()
    const image = await makeJpeg()
    const body = JSON.stringify({ name: 'Late', tags: [], image: image.toString('base64') })
    const request = client.start('POST', '/media/add', { 'content-type': 'application/json' })
    request.write(body.slice(0, -100))
    const temporaryFiles = async () => (await takeStock(server.data)).temporary.length
    await expect.poll(temporaryFiles, PATIENCE).toBe(1)

    const exited = once(server.process, 'exit')
    await beginStop(server)
    request.end(body.slice(-100))
    const { status, body: answer } = await answerOf<Envelope>(request)
    expect({ status, name: answer.media.name }).toEqual({ status: 200, name: 'Late' })
    expect(await exited).toEqual([0, null])
    expectClosed(server)
  })

  it('finishes a list that is being read', async () => {
    const { server, client } = await start()
    const answer = await client.open('/media')
    const exited = once(server.process, 'exit')
    await beginStop(server)
    expect(((await json(answer)) as MediaList).media.length).toBe(COUNT)
    expect(await exited).toEqual([0, null])
    expectClosed(server)
  })
})
