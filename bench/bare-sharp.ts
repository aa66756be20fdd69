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
  /** Milliseconds for each image. */
  times: number[]
}

/**
 * Measures how long sharp alone needs to make the images, in a process of its own; see
 * `bare-sharp-process.ts`.
 *
 * @param photos JPEGs, or the path of a folder of them, used in turn
 * @param parallel images at a time; by default as many as there are processor threads
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
