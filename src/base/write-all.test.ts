import { expect, it } from 'vitest'
import { writeAll } from './write-all.ts'

/** A file that takes so many bytes of each write, until it is full. */
function openFile(most: number, room: number) {
  const content = Buffer.alloc(room)
  const file = {
    async write(bytes: Buffer, offset: number, length: number, position: number) {
      const bytesWritten = Math.min(length, most, room - position)
      if (bytesWritten === 0 && most > 0) throw new Error('ENOSPC')
      bytes.copy(content, position, offset, offset + bytesWritten)
      return { bytesWritten, buffer: bytes }
    },
  }
  return { content, file: file as unknown as Parameters<typeof writeAll>[0] }
}

const bytes = Buffer.from('0123456789')

it('writes everything, however little is taken at once', async () => {
  const { content, file } = openFile(3, 12)
  expect(await writeAll(file, bytes, 2)).toBe(10)
  expect(content.toString('latin1')).toBe('\0\x000123456789')
})

it('says what is wrong where the rest is not taken', async () => {
  await expect(writeAll(openFile(100, 5).file, bytes, 0)).rejects.toThrow('ENOSPC')
  await expect(writeAll(openFile(0, 100).file, bytes, 0)).rejects.toThrow('took nothing')
})
