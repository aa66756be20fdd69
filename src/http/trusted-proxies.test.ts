import { expect, it } from 'vitest'
import type { FastAnswer } from './answer/fast-path.ts'
import { startServer } from './test-server.ts'

const READY: FastAnswer = { status: 200, headers: [], body: Buffer.from('at once') }

/**
 * Sends a request of each kind. Returns the ids in the log, after comparing them with those in the answers.
 */
async function ask(trustedProxies: string[], id: string) {
  const { url, logged } = await startServer(
    (app) => {
      app.get('/usual', { config: { access: 'public' } }, async () => 'usual')
      app.get(
        '/ready',
        { config: { access: 'public', fastPath: () => READY } },
        async () => 'ready',
      )
    },
    { trustedProxies },
  )
  return Promise.all(
    ['/usual', '/ready', '/none', '/%zz'].map(async (path) => {
      const answer = await fetch(url + path, { headers: { 'x-request-id': id } })
      const line = await logged((line) => line.path === path)
      const told = answer.headers.get('x-request-id')
      // A request without a valid path is answered without the id.
      if (told !== null) expect(told).toBe(line.requestId)
      return line.requestId
    }),
  )
}

const NEW = expect.stringMatching(/^[\da-f-]{36}$/)
const [LOCAL, OTHER] = [['127.0.0.1'], ['10.0.0.0/8']]

it('a request keeps the id that a trusted proxy gives it', async () => {
  for (const id of ['7f', 'a'.repeat(128), '{"id": "of another system"}']) {
    expect(await ask(LOCAL, id)).toEqual([id, id, id, id])
  }
})

it('a request gets a new id if the given one is too long or not printable ASCII', async () => {
  for (const id of ['', 'a'.repeat(129), 'tab\there', 'caf\u00e9']) {
    expect(await ask(LOCAL, id)).toEqual([NEW, NEW, NEW, NEW])
  }
})

it('a request gets a new id if no trusted proxy gave it one', async () => {
  expect(await ask([], 'mine')).toEqual([NEW, NEW, NEW, NEW])
  expect(await ask(OTHER, 'mine')).toEqual([NEW, NEW, NEW, NEW])
})
