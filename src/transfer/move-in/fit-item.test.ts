import { expect, it } from 'vitest'
import { fitItem } from './fit-item.ts'
import type { SourceItem } from './source.ts'

const fitted = (item: Partial<SourceItem>) =>
  fitItem({ id: '7', name: 'Tower', originals: [], urls: [], ...item })

it('takes texts as they are, trimmed and in NFC', () => {
  expect(
    fitted({
      name: ' Tower\u0000at\nnight ',
      fileName: 'a/b/Tu\u0308r.jpg',
      alt: ' A tower ',
      description: 'One\r\ntwo\u0007',
      tags: ['Tokyo, Japan', ' ', 'tower', 'tower'],
      rating: 5,
      focus: { x: 0.25, y: 1 },
      takenAt: '2026-03-14T15:09:26+01:00',
      fileSaid: { takenAt: '2026-03-14T15:09:26', credit: 'Dora', copyright: '' },
      translations: { de: { alt: 'Ein Turm' }, fr: { alt: '' } },
    }),
  ).toEqual({
    name: 'Tower at night',
    fileName: 'Tür.jpg',
    tags: ['Tokyo', 'Japan', 'tower'],
    members: {
      alt: 'A tower',
      description: 'One\ntwo',
      rating: 5,
      focus: { x: 0.25, y: 1 },
      takenAt: '2026-03-14T15:09:26+01:00',
      translations: { de: { alt: 'Ein Turm' } },
    },
    unlessSaid: { takenAt: '2026-03-14T15:09:26', credit: 'Dora' },
    losses: [],
  })
})

it.each([
  ['the name of the file', { name: ' ', fileName: 'tower.at.night.jpg' }, 'tower.at.night'],
  ['a hidden file', { name: '', fileName: '.jpg' }, '.jpg'],
  ['the id', { name: '\u200b' }, '7'],
])('names an item without a name by %s', (_, item, name) => {
  expect(fitted(item).name).toBe(name)
})

it('cuts what is too long, leaves out what does not fit, and says so', () => {
  const { name, tags, members, losses } = fitted({
    name: '🗼'.repeat(256),
    alt: 'a'.repeat(1001),
    tags: Array.from({ length: 65 }, (_, index) => `${index} ${'x'.repeat(index === 0 ? 64 : 1)}`),
    rating: 9,
    focus: { x: 2, y: 0 },
    takenAt: 'yesterday',
    translations: { de: { alt: 'b'.repeat(1001) }, 'no language': { alt: 'c' } },
  })
  expect([...name]).toHaveLength(255)
  expect(tags).toHaveLength(64)
  expect(tags[0]).toHaveLength(64)
  expect(members).toEqual({
    alt: 'a'.repeat(1000),
    translations: { de: { alt: 'b'.repeat(1000) } },
  })
  expect(losses).toEqual([
    'alt has 1001 characters; 1000 were kept.',
    expect.stringMatching(/^rating is 9;/),
    expect.stringMatching(/^focus is /),
    expect.stringMatching(/^takenAt is "yesterday";/),
    'alt has 1001 characters; 1000 were kept.',
    expect.stringMatching(/"no language"/),
    'name has 256 characters; 255 were kept.',
    'a tag has 66 characters; 64 were kept.',
    'It has 65 tags; 64 were kept.',
  ])
})
