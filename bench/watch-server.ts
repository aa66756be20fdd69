import { readFileSync } from 'node:fs'
import { findTree, watchProcessorTime } from './processor-time.ts'

const SAMPLE_MS = 50
const SAMPLES_OF_A_TREE = 5
/** Bytes of a memory page, on every machine that this runs on. */
const PAGE_BYTES = 4096

/** What the processes of a server used during some work. */
export interface Taken {
  /** Milliseconds of processor time, including PostgreSQL's. */
  processor: number
  /** Peak memory of all processes together, in MB (RSS), and their memory before. */
  memory: number
  memoryBefore: number
}

/**
 * Watches a server and all processes that it starts.
 * @param databaseUrl of its PostgreSQL database
 */
export async function watchServer(pid: number, databaseUrl?: string) {
  const times = await watchProcessorTime(pid, databaseUrl)
  return {
    async during<T>(work: () => Promise<T>): Promise<{ result: T; taken: Taken }> {
      let tree = findTree(pid)
      const memoryBefore = readMemory(tree)
      let memory = memoryBefore
      let samples = 0
      const sampling = setInterval(() => {
        // To scan all processes takes a hundred times as long as to look at a few.
        if (++samples % SAMPLES_OF_A_TREE === 0) tree = findTree(pid)
        memory = Math.max(memory, readMemory(tree))
      }, SAMPLE_MS)
      let done: { result: T } | undefined
      try {
        const { server, database } = await times.during(async () => {
          done = { result: await work() }
        })
        if (!done) throw new Error('Nothing was done.')
        return { ...done, taken: { processor: server + database, memory, memoryBefore } }
      } finally {
        clearInterval(sampling)
      }
    },
    close: times.close,
  }
}

/** Memory of all these processes together, in MB (RSS). */
export function readMemory(pids: readonly number[]): number {
  let sum = 0
  for (const pid of pids) {
    try {
      const resident = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1])
      sum += (resident * PAGE_BYTES) / 1e6
    } catch {
      // The process has ended meanwhile.
    }
  }
  return sum
}
