import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOwnPostgres } from './own-postgres.ts'
import { openRestartedHouse, type RestartedHouse } from './restarts.ts'
import { hasS3Server } from './s3-server.ts'

/** Responses to wait for before, between and after the outages. */
const SOME = 10

// The tests wait for events that the servers report, some of them after long retries.
describe.skipIf(!hasS3Server() || !hasOwnPostgres())(
  'a library whose database and storage are restarted under load',
  { timeout: 240_000 },
  () => {
    let house: RestartedHouse
    beforeAll(async () => {
      house = await openRestartedHouse()
    }, 240_000)
    afterAll(() => house?.close())

    it.each([
      { part: 'database', how: 'immediate', told: 503 },
      { part: 'storage', how: 'immediate', told: 500 },
      { part: 'database', how: 'fast', told: 503 },
    ] as const)(
      'loses nothing acknowledged, and recovers without a restart of Vitrine: $part, $how',
      async ({ part, how, told }) => {
        const { ledger } = house
        const count = (status: number) => ledger.statuses.get(`add ${status}`) ?? 0
        await house.underLoad(async (load) => {
          await load.answered(SOME)
          const [added, failed] = [count(200), count(told)]
          await house.takeAway(part, how)
          await expect.poll(() => count(told), { timeout: 60_000 }).toBeGreaterThan(failed)
          await house.giveBack(part)
          await load.answered(SOME)
          await expect.poll(() => count(200), { timeout: 60_000 }).toBeGreaterThan(added)
        })
        await house.check()
      },
    )

    it('is sound in the end, and failed requests only had the status 500 or 503', async () => {
      const statuses = [...house.ledger.statuses.keys()]
      // An image may be of an item that another client has just deleted.
      const expected = / (?:200|500|503)$|^long list cut$|^show 404$/
      expect(statuses.filter((told) => !expected.test(told))).toEqual([])
      expect(await house.examine()).toMatch(/ nothing found\n$/)
    })
  },
)
