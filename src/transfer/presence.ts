import { randomUUID } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { findGoneOwners, type Owner, removeOwners, renewLease } from '../storage/journal/lease.ts'
import { identifyProcess } from '../storage/journal/owner.ts'

/** A third of the lease, so that one renewal may fail. */
const RENEWAL_MS = 20_000

/** This process at a library into which it brings another. */
export interface Presence {
  readonly self: Owner
  leave(): Promise<void>
}

/** Enters this process as an owner, and stays in by renewing its lease. */
export async function enterLibrary(database: Database): Promise<Presence> {
  const self = await identifySelf()
  let renewal: Promise<void> | undefined
  await renewLease(database, self)
  const timer = setInterval(() => {
    // The next one may succeed; if none does, the work itself fails for the same reason.
    renewal = renewLease(database, self).catch(() => {})
  }, RENEWAL_MS).unref()
  return {
    self,
    async leave() {
      clearInterval(timer)
      await renewal
      // If the database cannot be asked, the lease runs out by itself.
      await removeOwners(database, [self.id], Number.MAX_SAFE_INTEGER).catch(() => {})
    },
  }
}

const identifySelf = async (): Promise<Owner> => ({
  id: randomUUID(),
  ...(await identifyProcess()),
})

/** The other processes that live and may write to a library: `process 123 on host`. */
export async function findWriters(database: Database, self: Owner): Promise<string[]> {
  const gone = await findGoneOwners(database, self, await database.now())
  const writers = await database.read
    .selectFrom('owners')
    .select(['pid', 'host'])
    .where('id', 'not in', [self.id, ...gone])
    .orderBy('id')
    .execute()
  // What follows the name tells boots and namespaces apart, not people.
  return writers.map(({ pid, host }) => `process ${pid} on ${host.split(' ')[0]}`)
}
