import sharp from 'sharp'
import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AlikeList, DuplicateList } from '../src/media/alike/alike-routes.ts'
import { takeStock } from './consistency.ts'
import { type Client, type Server, signIn, startServer } from './harness.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  await server.stop()
})

/** A picture with a few large shapes. */
const draw = (background: string, ...colors: string[]) => {
  const shapes = colors.map(
    (color, index) =>
      `<circle cx="${90 + 200 * index}" cy="${100 + 120 * index}" r="${130 - 20 * index}" fill="${color}"/>`,
  )
  return sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480">
        <rect width="640" height="480" fill="${background}"/>${shapes.join('')}</svg>`,
    ),
  )
}
const add = async (name: string, bytes: Buffer) => (await client.add(name, [], bytes)).body.media.id

async function list<Body>(path: string, schema: typeof DuplicateList | typeof AlikeList) {
  const { status, body } = await client.request<Body>('GET', path)
  expect(status).toBe(200)
  expect(Value.Errors(schema, body)).toEqual([])
  return body
}
async function groups(query: string) {
  const { groups, total } = await list<DuplicateList>(`/media/duplicates${query}`, DuplicateList)
  return {
    total,
    groups: groups.map(({ count, media }) => {
      expect(count).toBe(media.length)
      return media.map(({ id }) => id)
    }),
  }
}
const alike = async (id: number, query = '') => {
  const { alike, total } = await list<AlikeList>(`/media/item/${id}/alike${query}`, AlikeList)
  return { total, alike: alike.map(({ media, distance }) => ({ id: media.id, distance })) }
}

describe('items that look alike', () => {
  it('are found by their bytes, by their image and by their colour', async () => {
    expect(await groups('')).toEqual({ groups: [], total: 0 })
    expect(await groups('?kind=near')).toEqual({ groups: [], total: 0 })

    const sea = draw('#1040a0', '#e0e0ff', '#f0c020')
    const original = await sea.png().toBuffer()
    const one = await add('Sea', original)
    const small = await add('Small', await sea.clone().resize(320).jpeg({ quality: 60 }).toBuffer())
    const forest = await add('Forest', await draw('#206020', '#104010', '#80c060').png().toBuffer())
    const night = await add('Night', await draw('#1040a4', '#1038a0').png().toBuffer())
    const again = await add('Again', original)
    const third = await add('Third', original)

    expect(await groups('?kind=exact')).toEqual({ groups: [[one, again, third]], total: 1 })
    expect(await groups('?kind=near')).toEqual({
      groups: [[one, small, again, third]],
      total: 1,
    })
    expect(await groups('?offset=1')).toEqual({ groups: [], total: 1 })
    expect(await groups('?kind=near&limit=1&offset=1')).toEqual({ groups: [], total: 1 })

    const byImage = await alike(one)
    expect(byImage.total).toBe(5)
    expect(
      byImage.alike
        .map(({ id }) => id)
        .slice(0, 3)
        .sort(),
    ).toEqual([small, again, third])
    const [same, , scaled, other] = byImage.alike
    expect(same?.distance).toBe(0)
    expect(scaled?.distance).toBeLessThan(0.05)
    expect(other?.distance).toBeGreaterThan(0.1)
    const byColor = await alike(one, '?by=color')
    expect(byColor.alike.map(({ id }) => id).indexOf(night)).toBeLessThan(4)
    expect(byColor.alike.at(-1)?.id).toBe(forest)
    expect(await alike(one, '?by=color&limit=1&offset=4')).toEqual({
      total: 5,
      alike: byColor.alike.slice(4),
    })

    await client.delete(`/media/delete/${again}`)
    await client.delete(`/media/delete/${small}`)
    expect(await groups('')).toEqual({ groups: [[one, third]], total: 1 })
    expect(await groups('?kind=near')).toEqual({ groups: [], total: 0 })
    expect((await alike(one)).alike.map(({ id }) => id)[0]).toBe(third)
    await client.delete(`/media/delete/${third}`)
    expect(await groups('')).toEqual({ groups: [], total: 0 })
    await takeStock(server.data)
  })
})
