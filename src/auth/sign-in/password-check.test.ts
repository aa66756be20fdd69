import { expect, it } from 'vitest'
import { createPasswordCheck } from './password-check.ts'

it('attempts from unknown addresses, however many, do not block one from a known address', async () => {
  const first = Promise.withResolvers<void>()
  const order: string[] = []
  const check = createPasswordCheck(async (password) => {
    await first.promise
    order.push(password)
    return true
  })
  const stored = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2E$aGFzaGhhc2hoYXNoaGFzaA'
  const strangers = Array.from({ length: 100 }, () => check('stranger', stored, false))
  const settled = Promise.allSettled(strangers)
  const known = check('known', stored, true)
  first.resolve()
  expect(await known).toBe(stored)
  const refused = (await settled).filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(48)
  // Only the two that were already running go before it.
  expect(order.indexOf('known')).toBe(2)
})
