import { expect, it, vi } from 'vitest'
import type { MediaItem } from '../api/client'
import { createQueue } from './queue'
import type { Outcome, sendUpload } from './send-upload'
import type { Retag } from './tag-sent'

type Sending = Parameters<typeof sendUpload>[0] & { end: (outcome: Outcome) => Promise<void> }

const MEDIA = { id: 1 } as MediaItem
const ADDED: Outcome = { kind: 'added', media: MEDIA, duplicateOf: undefined }

/** Opens a queue with fake uploads. The test decides when each ends, and with which outcome. */
function openQueue({
  isAutomatic = true,
  ...more
}: Partial<Parameters<typeof createQueue>[0]> = {}) {
  const sent: Sending[] = []
  const onSessionOver = vi.fn()
  const onNotTagged = vi.fn()
  const retag = vi.fn<Retag>(async () => {})
  const queue = createQueue({
    isAutomatic,
    send: (options) =>
      new Promise((resolve) => {
        const find = () => [...queue.store.all()].find(({ file }) => file === options.file)
        const end = async (outcome: Outcome) => {
          const before = find()
          resolve(outcome)
          // The queue may first check whether the file can still be read.
          await vi.waitFor(() => expect(find()).not.toBe(before), { interval: 1 })
        }
        options.signal.addEventListener('abort', () => resolve({ kind: 'aborted' }))
        sent.push({ ...options, end })
      }),
    onAdded: () => {},
    retag,
    onNotTagged,
    onSessionOver,
    probe: async () => true,
    ...more,
  })
  const add = (...names: string[]) => {
    queue.add(names.map((name) => new File(['bytes'], name)))
    return queue.store.getIds()
  }
  const states = () => [...queue.store.all()].map(({ state }) => state)
  const namesSent = () => sent.map(({ name }) => name)
  return { queue, sent, add, states, namesSent, onSessionOver, retag, onNotTagged }
}

const failed = { kind: 'refused', detail: 'No.', isFinal: false } as const
const hopeless = { kind: 'refused', detail: 'No image.', isFinal: true } as const

it('sends three files at a time, in order', async () => {
  const { sent, add, namesSent } = openQueue()
  add('1.jpg', '2.jpg', '3.jpg', '4.jpg', '5.jpg')
  expect(namesSent()).toEqual(['1', '2', '3'])
  await sent[1]?.end(ADDED)
  expect(namesSent()).toEqual(['1', '2', '3', '4'])
  await sent[0]?.end(failed)
  expect(namesSent()).toEqual(['1', '2', '3', '4', '5'])
})

it('sends a link in the place of a file, and not as an empty one', async () => {
  const { queue, sent, add, states } = openQueue()
  const file = new File([], 'Tower.jpg')
  queue.add([file], undefined, () => 'https://a.example/Tower.jpg')
  expect(sent).toMatchObject([{ name: 'Tower', link: 'https://a.example/Tower.jpg' }])
  await sent[0]?.end(ADDED)
  queue.add([new File([], 'Empty.jpg')])
  expect(states()).toEqual(['added', 'failed'])
  add('File.jpg')
  expect(sent[1]?.link).toBeUndefined()
})

it('tells which files wait and which are over, and takes back those of an earlier page', async () => {
  const told: string[] = []
  const { queue, sent } = openQueue({
    onWaiting: ({ name }) => told.push(`${name} waits`),
    onOver: ({ name }) => told.push(`${name} is over`),
  })
  queue.takeBack([{ file: new File(['x'], 'a.png'), name: 'Typed', tags: ['t'], key: 'k' }])
  expect(sent).toMatchObject([{ name: 'Typed', tags: ['t'] }])
  await sent[0]?.end(ADDED)
  queue.takeBack([{ file: new File(['x'], 'b.png'), name: 'B', tags: [] }])
  await sent[1]?.end(failed)
  queue.cancelAll()
  const [, b] = [...queue.store.all()]
  queue.dismiss(b?.id ?? 0)
  // Once when it comes, and once under its final name.
  expect(told).toEqual([
    ...['Typed waits', 'Typed waits', 'Typed is over'],
    ...['B waits', 'B waits', 'B is over'],
  ])
})

it('sends each file with its name and the tags at that moment', async () => {
  const { queue, sent, add } = openQueue({ isAutomatic: false })
  const [first = 0] = add('1.jpg', '2.jpg', '3.jpg', '4.jpg')
  queue.rename(first, '  Typed ')
  queue.setTags(['a', 'b, c', ' a ', ''])
  expect(sent).toEqual([])
  queue.start()
  queue.setTags(['d'])
  await sent[0]?.end(ADDED)
  expect(sent.map(({ name, tags }) => [name, tags])).toEqual([
    ['Typed', ['a', 'b', 'c']],
    ['2', ['a', 'b', 'c']],
    ['3', ['a', 'b', 'c']],
    ['4', ['d']],
  ])
})

it('skips a file whose name is being edited, and sends the next ones', () => {
  const { queue, add, namesSent } = openQueue({ isAutomatic: false })
  const [first = 0, second = 0] = add('1.jpg', '2.jpg')
  queue.edit(first)
  queue.start()
  expect(namesSent()).toEqual(['2'])
  queue.endEdit(second)
  expect(namesSent()).toEqual(['2'])
  queue.endEdit(first)
  expect(namesSent()).toEqual(['2', '1'])
})

it('pauses again after a batch, if files wait for names', async () => {
  const { queue, sent, add, namesSent } = openQueue({ isAutomatic: false })
  add('1.jpg')
  queue.start()
  await sent[0]?.end(ADDED)
  expect(queue.getView().hold).toBe('paused')
  add('2.jpg')
  expect(namesSent()).toEqual(['1'])
})

it('cancels running and waiting uploads, and can retry both', async () => {
  const { queue, sent, add, states } = openQueue()
  const ids = add('1.jpg', '2.jpg', '3.jpg', '4.jpg')
  queue.cancelAll()
  await vi.waitFor(() => expect(states()).toEqual(new Array(4).fill('canceled')))
  expect(sent.every(({ signal }) => signal.aborted)).toBe(true)
  expect(sent).toHaveLength(3)
  expect(queue.isBusy()).toBe(false)
  queue.retry(ids[3] ?? 0)
  expect(sent[3]?.name).toBe('4')
})

it('retries all failed uploads, and no others', async () => {
  const { queue, sent, add, states, namesSent } = openQueue()
  add('1.jpg', '2.jpg', '3.jpg')
  await sent[0]?.end(failed)
  await sent[1]?.end(ADDED)
  await sent[2]?.end(failed)
  expect(states()).toEqual(['failed', 'added', 'failed'])
  queue.retryAll()
  expect(namesSent().slice(3)).toEqual(['1', '3'])
})

it('does not retry permanent failures, lists failed uploads first, and can dismiss them', async () => {
  const { queue, sent, add, namesSent } = openQueue()
  const [first = 0, second = 0, third = 0] = add('1.jpg', '2.jpg', '3.jpg')
  await sent[0]?.end(ADDED)
  await sent[1]?.end(hopeless)
  await sent[2]?.end(failed)
  expect(queue.store.getIds()).toEqual([second, third, first])
  expect(queue.store.getSummary()).toMatchObject({ failed: 2, hopeless: 1 })
  queue.retryAll()
  expect(namesSent().slice(3)).toEqual(['3'])
  queue.dismiss(second)
  expect(queue.store.getIds()).toEqual([first, third])
  expect(queue.store.getSummary()).toMatchObject({ total: 2, failed: 0, hopeless: 0 })
})

it('adds new tags for all to uploaded files, and removes tags that were dropped', async () => {
  const { queue, sent, retag } = openQueue()
  const folders = ['Holiday']
  queue.add([new File(['x'], '1.jpg'), new File(['x'], '2.jpg')], () => folders)
  expect(sent.map(({ tags }) => tags)).toEqual([['Holiday'], ['Holiday']])
  await sent[0]?.end({ ...ADDED, media: { id: 1 } as MediaItem })
  queue.setTags(['sea', 'Holiday'])
  await vi.waitFor(() => expect(retag).toHaveBeenCalledTimes(1))
  expect(retag.mock.lastCall?.[0]).toMatchObject({ items: [1], add: ['sea'], remove: [] })
  // This file was being uploaded when the tags changed.
  await sent[1]?.end({ ...ADDED, media: { id: 2 } as MediaItem })
  await vi.waitFor(() => expect(retag).toHaveBeenCalledTimes(2))
  expect(retag.mock.lastCall?.[0]).toMatchObject({ items: [2], add: ['sea'], remove: [] })
  await vi.waitFor(() =>
    expect([...queue.store.all()].every((one) => one.given.length === 2)).toBe(true),
  )
  queue.setTags(['sand'])
  await vi.waitFor(() => expect(retag).toHaveBeenCalledTimes(3))
  expect(retag.mock.lastCall?.[0]).toMatchObject({ items: [1, 2], add: ['sand'], remove: ['sea'] })
})

it('reports when uploaded files cannot be tagged, and retries with the next change', async () => {
  const { queue, sent, add, retag, onNotTagged } = openQueue()
  add('1.jpg')
  await sent[0]?.end(ADDED)
  retag.mockRejectedValueOnce(new Error('no'))
  queue.setTags(['a'])
  await vi.waitFor(() => expect(onNotTagged).toHaveBeenCalledTimes(1))
  queue.setTags(['a', 'b'])
  await vi.waitFor(() => expect(retag).toHaveBeenCalledTimes(2))
  expect(retag.mock.lastCall?.[0]).toMatchObject({ items: [1], add: ['a', 'b'] })
})

it('asks once for a new sign-in, and then continues with the same files', async () => {
  const { queue, sent, add, states, onSessionOver, namesSent } = openQueue()
  add('1.jpg', '2.jpg', '3.jpg', '4.jpg')
  await sent[0]?.end({ kind: 'session-over' })
  await sent[1]?.end({ kind: 'session-over' })
  expect(onSessionOver).toHaveBeenCalledTimes(1)
  expect(queue.getView().hold).toBe('session')
  expect(states()).toEqual(['waiting', 'waiting', 'sending', 'waiting'])
  queue.setSignedIn(true)
  expect(namesSent().slice(3)).toEqual(['4', '1'])
  // A late refusal of the old session must not end the new one.
  await sent[2]?.end({ kind: 'session-over' })
  expect(onSessionOver).toHaveBeenCalledTimes(1)
  expect(queue.getView().hold).toBeUndefined()
})

it('holds everything back while the server is busy', async () => {
  const { queue, sent, add } = openQueue()
  add('1.jpg', '2.jpg', '3.jpg', '4.jpg')
  await sent[0]?.end({ kind: 'busy', seconds: 60 })
  expect(queue.getView().hold).toBe('busy')
  expect(sent).toHaveLength(3)
  queue.tryNow()
  expect(sent).toHaveLength(4)
})

it('gives up on a file whose connection breaks repeatedly', async () => {
  const { queue, sent, add, states } = openQueue()
  add('1.jpg')
  for (const index of [0, 1, 2]) {
    await sent[index]?.end({ kind: 'unreachable' })
    queue.tryNow()
    await vi.waitFor(() => expect(queue.getView().hold).toBeUndefined())
  }
  expect(states()).toEqual(['failed'])
  expect(sent).toHaveLength(3)
})

it('does not count broken connections while offline', async () => {
  const { queue, sent, add, states } = openQueue()
  add('1.jpg')
  for (const index of [0, 1, 2, 3]) {
    queue.setOnline(false)
    await sent[index]?.end({ kind: 'unreachable' })
    expect(states()).toEqual(['waiting'])
    queue.setOnline(true)
  }
  expect(sent).toHaveLength(5)
})

it('refuses empty files itself, and continues', () => {
  const { queue, sent, states } = openQueue()
  queue.add([new File([], 'empty.jpg'), new File(['x'], 'full.jpg')])
  expect(states()).toEqual(['failed', 'sending'])
  expect(sent.map(({ name }) => name)).toEqual(['full'])
})

it('keeps the summary consistent with the files', async () => {
  const { queue, sent, add } = openQueue()
  add('1.jpg', '2.jpg', '3.jpg', '4.jpg')
  sent[0]?.onProgress(0.6)
  await sent[1]?.end(ADDED)
  await sent[2]?.end(failed)
  expect(queue.store.getSummary()).toEqual({
    total: 4,
    waiting: 0,
    running: 2,
    added: 1,
    failed: 1,
    canceled: 0,
    hopeless: 0,
    duplicates: 0,
    bytes: 20,
    settledBytes: 3 + 5 + 5,
  })
  queue.clearFinished()
  expect(queue.store.getSummary()).toMatchObject({ total: 3, added: 0, failed: 1, bytes: 15 })
  queue.clearOver()
  expect(queue.store.getSummary()).toMatchObject({ total: 2, failed: 0, settledBytes: 3 })
})
