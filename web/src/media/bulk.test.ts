import { afterEach, expect, it, vi } from 'vitest'
import type { BulkProgress } from './bulk'
import type { BulkAction } from './bulk-request'
import type { Selection } from './selection'

// The API client reads the origin of the page when it is loaded.
vi.stubGlobal('location', { origin: 'http://localhost' })
const { runBulk } = await import('./bulk')

afterEach(() => void vi.unstubAllGlobals())

interface Sent {
  ids?: number[]
  search?: string
  until?: number
  except?: number[]
}
type Line = Record<string, unknown>

/** Answers the requests in order: with lines, as the server does, or with an error status. */
function answer(...answers: ((sent: Sent) => Line[] | number)[]) {
  const requests: Sent[] = []
  vi.stubGlobal('fetch', async (_path: string, init: { body: string }) => {
    const sent: Sent = JSON.parse(init.body)
    requests.push(sent)
    const lines = answers[requests.length - 1]?.(sent) ?? 500
    if (typeof lines === 'number') return Response.json({ data: 'No' }, { status: lines })
    const bytes = new TextEncoder().encode(
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    )
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        // In chunks that do not end at line ends.
        for (let at = 0; at < bytes.length; at += 7) stream.enqueue(bytes.slice(at, at + 7))
        stream.close()
      },
    })
    return new Response(body)
  })
  return requests
}

const done = (count: number, more: Line = {}): Line => ({
  data: 'Done',
  code: 200,
  done: count,
  failures: 0,
  failed: [],
  ...more,
})

const some = (count: number): Selection => ({
  kind: 'some',
  names: new Map(Array.from({ length: count }, (_, index) => [index + 1, `Image ${index + 1}`])),
})
const most: Selection = {
  kind: 'all',
  search: 'cat',
  filters: 'type=png',
  until: 90,
  total: 50,
  except: new Map([[7, 'Seven']]),
}
const TAG: BulkAction = { kind: 'tags', add: ['x'], remove: [] }

async function run(selection: Selection, action: BulkAction = TAG) {
  const progress: BulkProgress[] = []
  const signedIn = vi.fn(async () => {})
  const signal = new AbortController().signal
  const onProgress = (next: BulkProgress) => void progress.push(next)
  const result = await runBulk({ selection, action, signal, onProgress, signedIn })
  return { result, progress, signedIn }
}

it('sends ids, at most as many per request as the server accepts', async () => {
  const requests = answer(
    ({ ids = [] }) => [{ done: 4000, failures: 0, total: ids.length }, done(ids.length)],
    ({ ids = [] }) => [done(ids.length)],
  )
  const { result, progress } = await run(some(12_000))
  expect(requests.map(({ ids = [] }) => [ids.length, ids[0], ids.at(-1)])).toEqual([
    [10_000, 1, 10_000],
    [2000, 10_001, 12_000],
  ])
  expect(progress[0]).toEqual({ done: 4000, failures: 0, total: 12_000 })
  expect(result).toEqual({ done: 12_000, failures: 0, total: 12_000, failed: [] })
})

it('sends one request for all matches but a few, and takes the counts from the server', async () => {
  const requests = answer(() => [{ done: 0, failures: 0, total: 47 }, done(47)])
  const { result } = await run(most)
  const chosen = { search: 'cat', type: 'png', until: 90, except: [7] }
  expect(requests).toEqual([{ ...chosen, add: ['x'], remove: [] }])
  expect(result).toMatchObject({ done: 47, total: 47 })
})

it('reports failures with the name from the server, else from the selection', async () => {
  const failed = [
    { id: 1, name: 'Renamed', data: 'Invalid parameters', code: 400, detail: 'Too many.' },
    { id: 2, data: 'Media not found', code: 404 },
  ]
  answer(() => [done(1, { failures: 2, failed })])
  const { result } = await run(some(3))
  expect(result).toEqual({
    done: 3,
    failures: 2,
    total: 3,
    failed: [
      { id: 1, name: 'Renamed', reason: 'Too many.' },
      { id: 2, name: 'Image 2', reason: 'Media not found' },
    ],
  })
})

it('counts an item that another user has already deleted as deleted', async () => {
  const failed = [{ id: 2, data: 'Media not found', code: 404 }]
  answer(() => [done(2, { failures: 1, failed })])
  const { result } = await run(some(3), { kind: 'delete' })
  expect(result).toEqual({ done: 3, failures: 0, total: 3, failed: [] })
})

it('continues with the rest after a new sign-in', async () => {
  const requests = answer(
    () => [
      { done: 2, failures: 0, total: 5 },
      { data: 'Unauthorized', code: 401, done: 2, failures: 0, failed: [] },
    ],
    () => [done(3)],
  )
  const { result, signedIn } = await run(some(5))
  expect(signedIn).toHaveBeenCalledOnce()
  expect(requests.map(({ ids }) => ids)).toEqual([
    [1, 2, 3, 4, 5],
    [3, 4, 5],
  ])
  expect(result).toEqual({ done: 5, failures: 0, total: 5, failed: [] })
})

it('returns the rest when the response is cut off', async () => {
  answer(() => [{ done: 2, failures: 1, total: 5 }])
  const { result } = await run(some(5))
  expect(result).toMatchObject({ done: 3, failures: 1, total: 5 })
  expect(result.end?.error).toBeInstanceOf(TypeError)
  const rest = new Map([
    [4, 'Image 4'],
    [5, 'Image 5'],
  ])
  expect(result.end?.rest).toEqual({ kind: 'some', names: rest })
})

it('returns everything as the rest when the request is refused', async () => {
  answer(() => 403)
  const { result } = await run(most)
  expect(result).toMatchObject({ done: 0, end: { error: { status: 403 }, rest: most } })
})
