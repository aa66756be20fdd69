import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { startServer } from '../../http/test-server.ts'
import { createAnswerMemory } from './answer-memory.ts'

/** Waits long enough for a busy machine. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 })

/** More bytes than the socket buffers take while the client does not read. */
const LARGEST = 16 * 1024 * 1024

/** A server that answers `/a` with many letters a, and the list of buffers that it read answers into. */
async function start() {
  const memory = createAnswerMemory(LARGEST, LARGEST)
  const used: Buffer[] = []
  /** While set, reading waits for this promise. */
  const gate: { opens: Promise<void> | undefined } = { opens: undefined }
  const { port, url } = await startServer((app) => {
    app.get('/:letter', { config: { access: 'public' } }, async (request, reply) => {
      const { letter } = request.params as { letter: string }
      const read = async (into: Buffer) => {
        used.push(into)
        await gate.opens
        return into.fill(letter)
      }
      return reply.send(await memory.reuse(read, reply.raw))
    })
  })
  const expectWhole = async (letter: string) => {
    const bytes = Buffer.from(await (await fetch(`${url}/${letter}`)).arrayBuffer())
    expect(bytes.equals(Buffer.alloc(LARGEST, letter))).toBe(true)
  }
  /** A client that requests a letter and does not read the answer. */
  const ask = async (letter: string) => {
    const socket = connect({ port, host: '127.0.0.1' })
    onTestFinished(() => void socket.destroy())
    socket.pause()
    socket.write(`GET /${letter} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    return socket
  }
  return { used, gate, ask, expectWhole }
}

/** Index of the last answer that used the memory of the first one. */
const lastUse = ([first, ...later]: Buffer[]) => (first ? later.lastIndexOf(first) + 1 : -1)

it('reuses memory when the client has received the whole answer', async () => {
  const { used, expectWhole } = await start()
  await expectWhole('a')
  while (new Set(used).size === used.length) await expectWhole('b')
})

it('does not reuse the memory of an answer while its client reads slowly', async () => {
  const { used, ask, expectWhole } = await start()
  const socket = await ask('a')
  await once(socket, 'readable')
  for (const letter of ['b', 'c', 'd', 'e']) await expectWhole(letter)
  expect(lastUse(used)).toBe(0)
  const parts: Buffer[] = await Array.fromAsync(socket)
  const answer = Buffer.concat(parts)
  expect(answer.subarray(-LARGEST).equals(Buffer.alloc(LARGEST, 'a'))).toBe(true)
})

it('reuses memory when the client has disconnected in the middle of the answer', async () => {
  const { used, ask, expectWhole } = await start()
  const socket = await ask('a')
  await once(socket, 'readable')
  socket.destroy()
  while (lastUse(used) === 0) await expectWhole('b')
})

it('never reuses memory that was still being read into when the client disconnected', async () => {
  const { used, gate, ask, expectWhole } = await start()
  const { promise, resolve } = Promise.withResolvers<void>()
  gate.opens = promise
  const socket = await ask('a')
  await soon(() => used.length).toBe(1)
  socket.destroy()
  gate.opens = undefined
  for (const letter of ['b', 'c']) await expectWhole(letter)
  resolve()
  for (const letter of ['d', 'e']) await expectWhole(letter)
  expect(lastUse(used)).toBe(0)
})

it('holds up to maxBytes until the answers have ended, and nothing for a client that has left', async () => {
  const memory = createAnswerMemory(100, 1)
  const hold = (reply: FastifyReply) => String(memory.hold(60, reply.raw))
  const { promise: opens, resolve: open } = Promise.withResolvers<void>()
  const replies: FastifyReply[] = []
  const { port, url } = await startServer((app) => {
    const options = { config: { access: 'public' } } as const
    app.get('/', options, async (_request, reply) => hold(reply))
    app.get('/held', options, async (_request, reply) => {
      const answer = hold(reply)
      replies.push(reply)
      await opens
      return answer
    })
    app.get('/late', options, async (_request, reply) => {
      replies.push(reply)
      await once(reply.raw, 'close')
      await turn()
      return hold(reply)
    })
  })
  const ask = async (path: string) => (await fetch(url + path)).text()
  const held = ask('/held')
  await soon(() => replies.length).toBe(1)
  expect(await ask('/')).toBe('false')
  open()
  expect(await held).toBe('true')
  await soon(() => ask('/')).toBe('true')

  const socket = connect({ port, host: '127.0.0.1' })
  socket.write('GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await soon(() => replies.length).toBe(2)
  socket.destroy()
  await soon(() => replies[1]?.raw.closed).toBe(true)
  await turn()
  await turn()
  await soon(() => ask('/')).toBe('true')
})
