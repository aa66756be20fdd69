import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

const A = 1

/**
 * A name server of the test's own. It answers questions for IPv4 addresses, and knows no IPv6 addresses.
 *
 * @param answer the address of a name at its nth question, from 0; undefined if there is none
 * @returns its address, and the names that were asked for, one for each question
 */
export async function startNameServer(answer: (name: string, nth: number) => string | undefined) {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    const { name, end } = readName(question)
    const isA = question.readUInt16BE(end) === A
    const nth = asked.filter((other) => other === name).length
    if (isA) asked.push(name)
    const address = isA ? answer(name, nth) : undefined
    socket.send(makeAnswer(question.subarray(0, end + 4), address), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => {
    socket.close()
  })
  return { address: `127.0.0.1:${socket.address().port}`, asked }
}

/** The name in the question of a message (RFC 1035, section 4.1.2), and where it ends. */
function readName(message: Buffer): { name: string; end: number } {
  const labels = []
  let at = 12
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

/** @param question the header and the question of the message that is answered */
function makeAnswer(question: Buffer, address: string | undefined): Buffer {
  const head = Buffer.from(question)
  // A response, recursion available; counts of the records that follow.
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(address === undefined ? 0 : 1, 6)
  head.writeUInt32BE(0, 8)
  if (address === undefined) return head
  const record = Buffer.alloc(16)
  // A pointer to the name of the question, the type, the class, a time to live of 0, and a length of 4 bytes.
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(A, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt16BE(4, 10)
  record.set(address.split('.').map(Number), 12)
  return Buffer.concat([head, record])
}
