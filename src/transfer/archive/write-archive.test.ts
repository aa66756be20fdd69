import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, it, onTestFinished } from 'vitest'
import { writeArchive } from './write-archive.ts'

it('reports a failed output at every later entry, whether from memory or from a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-archive-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  const bytes = Buffer.alloc(200_000)
  writeFileSync(path, bytes)
  const output = new Writable({
    write: (_chunk, _encoding, done) => done(new Error('The disk is full.')),
  })
  const archive = writeArchive(output, { folder, keepOpen: false })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  for (let count = 0; count < 3; count++) {
    await expect(archive.addBytes('bytes', bytes, sha256)).rejects.toThrow('The disk is full.')
    await expect(archive.add('file', path)).rejects.toThrow('The disk is full.')
  }
})
