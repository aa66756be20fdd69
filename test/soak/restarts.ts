import { hasOwnPostgres } from '../own-postgres.ts'
import { openRestartedHouse, type Part } from '../restarts.ts'
import { hasS3Server } from '../s3-server.ts'
import { type Row, summarize, type Times } from './part.ts'

const RESTARTS = 20
/** The maximum number of requests that each server answers between two restarts. */
const MOST_ANSWERS = 60
const LONGEST_MS = 2000

export const missing = (): string | undefined => {
  if (!hasOwnPostgres()) return 'there are no programs of PostgreSQL'
  return hasS3Server() ? undefined : 'there is no OpenStack Swift'
}

/** Stops the database and the storage repeatedly while two servers are in use. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const house = await openRestartedHouse()
  const restart = async (part: Part, hows: readonly ('immediate' | 'fast')[]) => {
    const recoveries: number[] = []
    await house.underLoad(async (load) => {
      for (let round = 0; round < times(RESTARTS); round++) {
        await load.answered(Math.ceil(Math.random() * MOST_ANSWERS))
        const how = hows[round % hows.length] ?? 'immediate'
        await house.takeAway(part, how, Math.random() * LONGEST_MS)
        recoveries.push(await house.giveBack(part))
      }
      await load.answered(MOST_ANSWERS)
    })
    await house.check()
    return { times: times(RESTARTS), lost: 'nothing', recovery: summarize(recoveries) }
  }
  try {
    yield {
      fault: 'PostgreSQL is restarted while clients work at two servers',
      injected: 'immediate and fast shutdown in turns; started again up to 2 s later',
      ...(await restart('database', ['immediate', 'fast'])),
    }
    yield {
      fault: 'the S3 server is restarted while clients work at two servers',
      injected: 'SIGKILL of all of Swift; started again up to 2 s later',
      ...(await restart('storage', ['immediate'])),
    }
    const told = await house.examine()
    if (!told.endsWith(' nothing found\n')) throw new Error(`The doctor says: ${told}`)
    const asked = [...house.ledger.statuses].map(([what, count]) => `${what}: ${count}`).sort()
    console.log(`  requests by answer: ${asked.join(', ')}`)
    console.log(`  ${told.trim()}`)
  } finally {
    await house.close()
  }
}
