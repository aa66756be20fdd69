import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attack, MOST_MIB, startAttack } from '../hostile/attack.ts'
import { mutations } from '../hostile/mutate.ts'
import { makeSpecimens } from '../hostile/specimens.ts'

const SEED = 2026
const MUTATIONS = 300

let attack: Attack
beforeAll(async () => {
  attack = await startAttack()
})
// Expects that nothing is left, no error was logged, and the server is still the same process.
afterAll(() => attack?.end())

describe('hostile images', () => {
  it('that were made by hand are refused, or shown as pixels only', async () => {
    const wrong = []
    for (const { verdict, ...specimen } of await makeSpecimens()) {
      const given = await attack.submit(specimen)
      if (![given, 'either'].includes(verdict)) wrong.push(`${specimen.name}: ${given}`)
    }
    expect(wrong).toEqual([])
  })

  it('that were spoilt at random are refused, or shown as pixels only', async () => {
    const verdicts = { accepted: 0, refused: 0 }
    // As many at once as there are image processes.
    const queue = mutations(SEED)
    let left = MUTATIONS
    const submitOthers = async () => {
      while (left-- > 0) {
        const { value } = await queue.next()
        if (value) verdicts[await attack.submit(value)]++
      }
    }
    await Promise.all([submitOthers(), submitOthers()])
    // Both verdicts must be frequent, or the test proves nothing.
    expect(verdicts.accepted).toBeGreaterThan(MUTATIONS / 20)
    expect(verdicts.refused).toBeGreaterThan(MUTATIONS / 3)
  })

  it('took no more than 512 MB of memory', () => {
    expect(attack.peakMiB()).toBeGreaterThan(20)
    expect(attack.peakMiB()).toBeLessThan(MOST_MIB)
  })
})
