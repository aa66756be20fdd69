import { expect, it } from 'vitest'
import { writeAll } from './durable-files.ts'

/** A file that takes at most `most` bytes of each write, and `room` bytes in all. */
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

it('writes everything, even if each write takes only a little', async () => {
  const { content, file } = openFile(3, 12)
  expect(await writeAll(file, bytes, 2)).toBe(10)
  expect(content.toString('latin1')).toBe('\0\x000123456789')
})

it('rejects with the reason if the rest cannot be written', async () => {
  await expect(writeAll(openFile(100, 5).file, bytes, 0)).rejects.toThrow('ENOSPC')
  await expect(writeAll(openFile(0, 100).file, bytes, 0)).rejects.toThrow('took none')
})
