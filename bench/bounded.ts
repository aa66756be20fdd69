/** Measures what bounds images of any size: the limit of their storage, and what nobody may have. */
import type { Comparison } from './comparison.ts'
import { fillRoom } from './fill-room.ts'
import { flood } from './flood.ts'

export async function* compare(): AsyncGenerator<Comparison> {
  yield* fillRoom()
  yield* flood()
}
