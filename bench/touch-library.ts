import type { Client } from '../test/harness.ts'

/**
 * Edits the first item to its current values: nothing differs, but everything cached of the library is
 * stale.
 */
export async function touchLibrary(client: Client): Promise<void> {
  const { body } = await client.list('?order=added-asc&limit=1')
  const [item] = body.media
  if (!item) throw new Error('The library is empty.')
  const { name, tags } = item
  const { status } = await client.post(`/media/edit/${item.id}`, { name, tags })
  if (status !== 200) throw new Error(`An edit was answered with ${status}.`)
}
