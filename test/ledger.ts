import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Focus, MediaItem } from '../src/media/item.ts'
import { makePng } from './fixtures.ts'
import type { Answer, Client } from './harness.ts'

/** What people say of an item; undefined if it is deleted or in the trash. */
type State = { name: string; tags: string[]; focus: Focus | null } | undefined

interface Held {
  image: Buffer
  is: State
  /** States that requests without a response may have left. */
  mayBe: State[]
  /** Whether a size of its image was refused, which the server remembers. */
  isRefused?: boolean
}

export type Ledger = ReturnType<typeof openLedger>

interface LedgerOptions {
  /**
   * Whether a response with this status leaves the outcome open. By default it does not: the request
   * changed nothing.
   */
  isDoubtful?: (status: number) => boolean
  /** Items that existed before and that no request changes. */
  isOther?: (item: MediaItem) => boolean
}

/** The approximate number of items to keep. Each check reads them all. */
const USUAL_ITEMS = 40

/** The last part of addresses by id. The preset `thumb` must be there. */
const SIZES = ['w_80.webp', 'w_80,ar_1-1.jpg', 'w_160,ar_16-9.png', 'thumb.auto', 'high']
const PRESETS = ['w_16,gray_1', 'w_16,ar_1-1,q_30', 'ar_2-1']
const FOCUSES: readonly (Focus | null)[] = [null, { x: 0, y: 0.3 }, { x: 1, y: 1 }]

const pickFrom = <T>(values: readonly T[]): T | undefined =>
  values[Math.floor(Math.random() * values.length)]

let images = 0
export const nextImage = () => makePng({ width: 24, height: 16, seed: 1_000_000 + ++images })

/**
 * Sends changes to a library and records the responses, and so what the library must contain from then on,
 * whatever happens to its server. Several clients may share a ledger.
 */
export function openLedger({ isDoubtful, isOther }: LedgerOptions = {}) {
  const items = new Map<number, Held>()
  /** Adds without a response, by name. Each name is used only once. */
  const doubtfulAdds = new Map<string, { image: Buffer; state: NonNullable<State> }>()
  const busy = new Set<number>()
  const statuses = new Map<string, number>()
  let names = 0
  /** Whether the preset has been made. */
  let hasPreset = false

  const newState = (focus: Focus | null = null) => ({
    name: `Item ${++names}`,
    tags: ['load', `tag ${names % 7}`],
    focus,
  })

  /** @returns the response; undefined if there was none */
  async function ask(what: string, asking: Promise<Answer>): Promise<Answer | undefined> {
    const answer = await asking.catch(() => undefined)
    const key = `${what} ${answer?.status ?? 'none'}`
    statuses.set(key, (statuses.get(key) ?? 0) + 1)
    return answer
  }

  const isUnsure = (answer: Answer | undefined) => !answer || isDoubtful?.(answer.status)

  async function add(client: Client, image?: Buffer) {
    const bytes = image ?? (await nextImage())
    const state = newState()
    const answer = await ask('add', client.add(state.name, state.tags, bytes))
    if (answer?.status === 200) {
      items.set(answer.body.media.id, { image: bytes, is: state, mayBe: [] })
    } else if (isUnsure(answer)) doubtfulAdds.set(state.name, { image: bytes, state })
    return answer
  }

  /** Changes an item that no other worker changes at the same time. */
  async function change(id: number, to: State, work: () => Promise<Answer | undefined>) {
    const held = items.get(id)
    if (!held) throw new Error(`The ledger has no item ${id}.`)
    busy.add(id)
    const answer = await work()
    busy.delete(id)
    if (answer?.status === 200) held.is = to
    // A delete that failed in storage has removed the item anyway.
    else if (isUnsure(answer) || (to === undefined && answer?.status === 500)) held.mayBe.push(to)
    if (held.is === undefined) items.delete(id)
    return answer
  }

  const edit = (client: Client, id: number) => {
    const state = newState(pickFrom(FOCUSES))
    return change(id, state, () => ask('edit', client.post(`/media/edit/${id}`, state)))
  }

  const remove = (client: Client, id: number) =>
    change(id, undefined, () => ask('delete', client.delete(`/media/delete/${id}`)))

  const trash = (client: Client, id: number) =>
    change(id, undefined, () => ask('trash', client.post(`/media/trash/${id}`, undefined)))

  /** Asks for an image at some size, which another worker may change or delete meanwhile. */
  async function show(client: Client, id: number) {
    const size = pickFrom(hasPreset ? SIZES : SIZES.filter((size) => !size.startsWith('thumb')))
    const answer = await ask('show', client.get(`/media/image/${id}/${size}`))
    const held = items.get(id)
    if (held && answer?.status === 500) held.isRefused = true
    return answer
  }

  async function savePreset(client: Client) {
    const json = { options: pickFrom(PRESETS) }
    const answer = await ask('preset', client.request('PUT', '/presets/thumb', { json }))
    hasPreset ||= answer?.status === 200
    return answer
  }

  const pick = () => {
    // Leaves out items whose state is unknown until the next check.
    const free = [...items].flatMap(([id, { mayBe }]) =>
      busy.has(id) || mayBe.length > 0 ? [] : [id],
    )
    return pickFrom(free)
  }

  /** Also one that another worker is at. */
  const pickShown = () =>
    pickFrom(
      [...items].flatMap(([id, { mayBe, isRefused }]) =>
        mayBe.length > 0 || isRefused ? [] : [id],
      ),
    )

  /** Sends one request of a random kind. */
  async function act(client: Client): Promise<Answer | undefined> {
    const dice = Math.random()
    const id = pick()
    if (id === undefined || dice < 0.3) return add(client)
    if (dice < 0.4) return add(client, items.get(id)?.image)
    if (dice < 0.55) return edit(client, id)
    if (dice < 0.57) return savePreset(client)
    if (dice < (items.size > USUAL_ITEMS ? 0.77 : 0.67)) return remove(client, id)
    if (dice < (items.size > USUAL_ITEMS ? 0.8 : 0.68)) return trash(client, id)
    if (dice < 0.83) return ask('list', client.get('/media?limit=10'))
    return show(client, pickShown() ?? id)
  }

  return {
    act,
    add,
    edit,
    remove,
    pick,
    /** How often each kind of request had each outcome: by `add 200`, `delete none`. */
    statuses,
    /** The same as a text. */
    describe: () =>
      [...statuses]
        .map(([what, count]) => `${what}: ${count}`)
        .sort()
        .join(', '),
    get size() {
      return items.size
    },

    /** Expects every acknowledged item with its bytes, and no other item. Settles the unknown outcomes. */
    async check(client: Client): Promise<void> {
      const { media } = (await client.list('?order=added-asc')).body
      const found = new Map(media.map((item) => [item.id, item]))
      for (const [id, { is, mayBe }] of items) {
        const item = found.get(id)
        const state = item && stateOf(item)
        expect([is, ...mayBe], `item ${id}`).toContainEqual(state)
        settle(id, state)
      }
      for (const item of media) if (!items.has(item.id) && !isOther?.(item)) adopt(item)
      doubtfulAdds.clear()
      // A few at a time: the server refuses too many requests at once with 503.
      const all = items.entries()
      const readers = Array.from({ length: 6 }, async () => {
        for (const [id, { image }] of all) await expectBytes(client, id, image)
      })
      await Promise.all(readers)
    },
  }

  function settle(id: number, state: State) {
    const held = items.get(id)
    if (held && state) items.set(id, { ...held, is: state, mayBe: [] })
    else items.delete(id)
  }

  /** An unacknowledged item must be one that a client tried to add. */
  function adopt(item: MediaItem) {
    const { id } = item
    const known = doubtfulAdds.get(item.name)
    expect(known?.state, `item ${id} that was never acknowledged`).toEqual(stateOf(item))
    doubtfulAdds.delete(item.name)
    if (known) items.set(id, { image: known.image, is: known.state, mayBe: [] })
  }
}

const stateOf = ({ name, tags, focus }: MediaItem) => ({ name, tags, focus })

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function expectBytes(client: Client, id: number, image: Buffer) {
  const { status, bytes } = await client.get(`/media/original/${id}`)
  expect({ id, status, sha256: sha256(bytes) }).toEqual({ id, status: 200, sha256: sha256(image) })
}

/** Pause after a response that the server cannot handle the request now. */
const REST_MS = 50

/** Several workers that send requests until there is no response or until they are stopped. */
export function startLoad(client: Client, ledger: Ledger, workers = 3) {
  let isOver = false
  let answers = 0
  let waiting: { count: number; resolve: () => void } | undefined
  const work = async () => {
    for (;;) {
      const answer = isOver ? undefined : await ledger.act(client)
      if (!answer) break
      answers += 1
      if (waiting && answers >= waiting.count) waiting.resolve()
      // Waits like a client that follows Retry-After, but shorter.
      if (answer.status >= 500) await sleep(REST_MS)
    }
    waiting?.resolve()
  }
  const ended = Promise.all(Array.from({ length: workers }, work))
  return {
    /** Resolves when no request is running any more. */
    ended,
    /** Resolves after this many more responses, or when there will be none. */
    answered(more: number) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting = { count: answers + more, resolve }
      if (more === 0) resolve()
      return promise
    },
    async stop() {
      isOver = true
      await ended
    },
  }
}
