/** Reads a response as fast as it arrives, discards it, and prints how long it took. */
import { connect } from 'node:net'

const [url = '', cookie = ''] = process.argv.slice(2)
const { hostname, port, host, pathname } = new URL(url)
const socket = connect(Number(port), hostname)
const start = performance.now()
let first = 0
let bytes = 0
let tail = ''
socket.write(
  `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`,
)
socket.on('data', (chunk: Buffer) => {
  if (bytes === 0) {
    first = performance.now() - start
    if (!chunk.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error('It was no 200.')
  }
  bytes += chunk.length
  tail = (tail + chunk.subarray(-100).toString('latin1')).slice(-100)
})
socket.on('end', () => {
  if (!/"to":\d+\}\s*0?\s*$/.test(tail)) throw new Error(`It was cut off: ${tail}`)
  console.log(JSON.stringify({ first, all: performance.now() - start, bytes }))
  socket.end()
})
