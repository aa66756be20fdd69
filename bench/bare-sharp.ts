import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { VariantName } from '../src/database/tables.ts'

export interface BareSharp {
  /** Images a second. */
  rate: number
  /** Milliseconds of each. */
  times: number[]
}

/**
 * What sharp alone takes to make the images, in a process that does nothing else; see
 * `bare-sharp-process.ts`.
 *
 * @param photos JPEGs, or a path of a folder of them, taken in turn
 * @param parallel how many at once; as many threads of the processor as it can use by default
 */
export async function measureBareSharp(
  photos: readonly Buffer[] | string,
  options: { variant: VariantName; count: number; parallel?: number },
): Promise<BareSharp> {
  const { variant, count, parallel = availableParallelism() } = options
  const isFolder = typeof photos === 'string'
  const folder = isFolder ? photos : mkdtempSync(join(tmpdir(), 'vitrine-bench-sharp-'))
  try {
    if (!isFolder) {
      for (const [index, photo] of photos.entries()) {
        writeFileSync(join(folder, `${index}.jpg`), photo)
      }
    }
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'bare-sharp-process.ts'),
        ...[folder, variant, String(count), String(parallel)],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    if (code !== 0) throw new Error(`The process with bare sharp ended with ${code}.`)
    return JSON.parse(output)
  } finally {
    if (!isFolder) rmSync(folder, { recursive: true })
  }
}
