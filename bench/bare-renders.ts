import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

export interface BareTask {
  /** Of the originals. */
  paths: readonly string[]
  width: number
  format: 'webp' | 'avif'
}

/** Processes that make images with sharp alone: as many as the server has, one image at a time in each. */
export function openBareRenders() {
  const children = Array.from({ length: Math.min(availableParallelism(), 4) }, () =>
    fork(join(import.meta.dirname, 'bare-renders-process.ts')),
  )
  return {
    /** @returns images a second */
    async rate({ paths, ...task }: BareTask): Promise<number> {
      const start = performance.now()
      await Promise.all(
        children.map(async (child, index) => {
          const share = paths.filter((_, at) => at % children.length === index)
          child.send({ ...task, paths: share } satisfies BareTask)
          const [answer] = await once(child, 'message')
          if (answer !== 'done') throw new Error('A process with bare sharp failed.')
        }),
      )
      return (1000 * paths.length) / (performance.now() - start)
    },
    close() {
      for (const child of children) child.kill()
    },
  }
}
