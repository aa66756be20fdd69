import { randomUUID } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { findGoneOwners, type Owner, removeOwners, renewLease } from '../storage/journal/lease.ts'
import { identifyProcess } from '../storage/journal/owner.ts'

/** A third of the lease, so that one renewal may fail. */
const RENEWAL_MS = 20_000

/** The entry of this process among the owners of a target library. */
export interface Presence {
  readonly self: Owner
  leave(): Promise<void>
}

/** Enters this process as an owner, and renews its lease until `leave`. */
export async function enterLibrary(database: Database): Promise<Presence> {
  const self = { id: randomUUID(), ...(await identifyProcess()) }
  let renewal: Promise<void> | undefined
  await renewLease(database, self)
  const timer = setInterval(() => {
    // The next renewal may succeed. If none does, the work itself fails for the same reason.
    renewal = renewLease(database, self).catch(() => {})
  }, RENEWAL_MS).unref()
  return {
    self,
    async leave() {
      clearInterval(timer)
      await renewal
      // If the database cannot be reached, the lease expires by itself.
      await removeOwners(database, [self.id], Number.MAX_SAFE_INTEGER).catch(() => {})
    },
  }
}

/** Names the other running processes that may write to a library: `process 123 on host`. */
export async function findWriters(database: Database, self: Owner): Promise<string[]> {
  const gone = await findGoneOwners(database, self, await database.now())
  const writers = await database.read
    .selectFrom('owners')
    .select(['pid', 'host'])
    .where('id', 'not in', [self.id, ...gone])
    .orderBy('id')
    .execute()
  // The text after the name distinguishes boots and namespaces. A person does not need it.
  return writers.map(({ pid, host }) => `process ${pid} on ${host.split(' ')[0]}`)
}
