import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attack, LIMITS, startAttack } from '../hostile/attack.ts'
import { mutations } from '../hostile/mutate.ts'
import { makeSpecimens } from '../hostile/specimens.ts'

const SEED = 2026
const MUTATIONS = 300
/** The server looks at its processes every 50 ms; so much more they may have taken by then. */
const MEMORY_SLACK_MIB = 128

let attack: Attack
beforeAll(async () => {
  attack = await startAttack()
})
// Nothing is left, nothing was a fault, and it is still the same process.
afterAll(() => attack?.end())

describe('hostile images', () => {
  it('made for it are refused, or shown as nothing but pixels', async () => {
    const wrong = []
    for (const { verdict, ...specimen } of await makeSpecimens()) {
      const given = await attack.submit(specimen)
      if (![given, 'either'].includes(verdict)) wrong.push(`${specimen.name}: ${given}`)
    }
    expect(wrong).toEqual([])
  })

  it('spoilt at random are refused, or shown as nothing but pixels', async () => {
    const verdicts = { accepted: 0, refused: 0 }
    // So many at once as there are processes to work on them.
    const queue = mutations(SEED)
    let left = MUTATIONS
    const submitOthers = async () => {
      while (left-- > 0) {
        const { value } = await queue.next()
        if (value) verdicts[await attack.submit(value)]++
      }
    }
    await Promise.all([submitOthers(), submitOthers()])
    // Of each a good part, or it is no test.
    expect(verdicts.accepted).toBeGreaterThan(MUTATIONS / 20)
    expect(verdicts.refused).toBeGreaterThan(MUTATIONS / 3)
  })

  it('took no more memory than they may', () => {
    expect(attack.peakMiB()).toBeGreaterThan(20)
    expect(attack.peakMiB()).toBeLessThan(LIMITS.memoryMiB + MEMORY_SLACK_MIB)
  })
})
