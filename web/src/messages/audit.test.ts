import { describe, expect, it } from 'vitest'
import { IMAGE, readEvent } from '../admin/audit-event'
import { auditDe } from './audit-de'
import { auditEn } from './audit-en'

/** The source of the server, as text. */
const sources = import.meta.glob<string>(['../../../src/**/*.ts', '!**/*.test.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
})
const record = sources['../../../src/audit/record.ts'] ?? ''
const list = /auditActions = \[([^\]]*)\]/.exec(record)?.[1] ?? ''
const actions = [...list.matchAll(/'([\w-]+)'/g)].map(([, action = '']) => action)

/** Every field that the server records with an action, all in one object. */
const detail = {
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0',
  wrong: 'password',
  method: 'POST',
  route: '/media/add',
  needs: 'add-media',
  tagsAdded: ['sea'],
  tagsRemoved: ['sand', 'sun'],
  ids: [4, 5],
  id: 7,
  role: 'editor',
  from: ['viewer'],
  to: 'editor',
  sessionsEnded: 2,
  tokensRevoked: 1,
  count: 3,
  token: 9,
  permissions: ['view-media'],
  findings: 3,
  repaired: 2,
  before: '2026-01-20T18:22:10.000Z',
}
const TEXTS = { en: auditEn, de: auditDe } as Record<
  string,
  Record<string, (event: ReturnType<typeof readEvent>) => string>
>

const tell = (
  language: string,
  action: string,
  entry: Partial<Parameters<typeof readEvent>[0]> = {},
) =>
  TEXTS[language]?.[action]?.(
    readEvent({ actor: 'ada', tokenId: null, subject: null, detail: null, ...entry }),
  )

describe.each(['en', 'de'])('the audit trail in %s', (language) => {
  it('has a sentence for every action that the server records, and never shows raw data', () => {
    expect(actions.length).toBeGreaterThan(20)
    expect(Object.keys(TEXTS[language] ?? {}).sort()).toEqual([...actions].sort())
    for (const action of actions) {
      for (const subject of [null, 'media:12', 'account:bob', 'account:ada', 'token:3']) {
        for (const details of [null, {}, detail, { ...detail, name: { from: 'a', to: 'b' } }]) {
          for (const actor of ['ada', 'the server', 'command line', null]) {
            const sentence = tell(language, action, { actor, subject, detail: details })
            expect(sentence, action).toMatch(/^[\p{L}\d].*\.$/su)
            expect(sentence, action).not.toMatch(/[{}[\]]|undefined|null|NaN|object|the server$/)
          }
        }
      }
    }
  })
})

it('knows every action that is recorded anywhere in the server', () => {
  const recorded = new Set<string>()
  for (const source of Object.values(sources)) {
    for (const [, action = ''] of source.matchAll(/\baction: '([\w-]+)'/g)) recorded.add(action)
  }
  expect(recorded.size).toBeGreaterThan(15)
  expect([...recorded].filter((action) => !actions.includes(action))).toEqual([])
})

it.each([
  [
    'media-added',
    { subject: 'media:1', detail: { name: 'Tower' } },
    `ada added the image ${IMAGE}.`,
    `ada hat das Bild ${IMAGE} hinzugefügt.`,
  ],
  [
    'preset-saved',
    { subject: 'preset:hero', detail: { options: 'w_1600,ar_21-9', revision: 3 } },
    'ada saved the preset “hero”: w_1600,ar_21-9.',
    'ada hat die Voreinstellung „hero“ gespeichert: w_1600,ar_21-9.',
  ],
  [
    'preset-deleted',
    { subject: 'preset:hero', detail: { options: 'w_1600,ar_21-9', revision: 3 } },
    'ada deleted the preset “hero”.',
    'ada hat die Voreinstellung „hero“ gelöscht.',
  ],
  [
    'media-edited',
    { subject: 'media:1', detail: { name: { from: 'A', to: 'B' }, tagsAdded: ['sea'] } },
    `ada edited the image ${IMAGE}: renamed it from “A” and added the tag “sea”.`,
    `ada hat das Bild ${IMAGE} bearbeitet: aus „A“ umbenannt und Schlagwort „sea“ hinzugefügt.`,
  ],
  [
    'account-disabled',
    { subject: 'account:bob', detail: { sessionsEnded: 1, tokensRevoked: 2 } },
    'ada disabled the account bob. This ended 1 session and 2 tokens.',
    'ada hat das Konto bob gesperrt. Damit endeten eine Sitzung und 2 Token.',
  ],
  [
    'signed-in',
    { detail: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0' } },
    'ada signed in with Firefox on Linux.',
    'ada hat sich mit Firefox auf Linux angemeldet.',
  ],
  [
    'media-collected',
    { detail: { ids: [4, 5], added: [1], removed: [2, 3] } },
    'ada moved 2 images (no. 4 and no. 5) into collection no. 1 and out of collections no. 2 and no. 3.',
    'ada hat 2 Bilder (Nr. 4 und Nr. 5) in Sammlung Nr. 1 aufgenommen und aus Sammlungen Nr. 2 und Nr. 3 entfernt.',
  ],
  [
    'collection-changed',
    { subject: 'collection:1', detail: { name: { from: 'A', to: 'B' } } },
    'ada changed the collection “B”: renamed it from “A”.',
    'ada hat die Sammlung „B“ geändert: aus „A“ umbenannt.',
  ],
  [
    'collection-deleted',
    { subject: 'collection:1', detail: { name: 'B', below: 2 } },
    'ada deleted the collection “B” with 2 sub-collections. Its images were kept.',
    'ada hat die Sammlung „B“ mit 2 Untersammlungen gelöscht. Die Bilder darin bleiben.',
  ],
  [
    'media-edited',
    {
      detail: {
        ids: [4, 9],
        membersSet: ['alt', 'rating'],
        tagsRemoved: ['sea'],
        pattern: 'Sea {n}',
      },
    },
    'ada edited 2 images (no. 4 and no. 9): set alt and rating, renamed by the pattern “Sea {n}”, and removed the tag “sea”.',
    'ada hat 2 Bilder bearbeitet (Nr. 4 und Nr. 9): alt und rating gesetzt, nach dem Muster „Sea {n}“ umbenannt und Schlagwort „sea“ entfernt.',
  ],
  [
    'tag-renamed',
    { detail: { from: 'sea', to: 'ocean', items: 1200 } },
    'ada renamed the tag “sea” to “ocean” on 1,200 images.',
    'ada hat das Schlagwort „sea“ in „ocean“ umbenannt, bei 1.200 Bildern.',
  ],
  [
    'tag-removed',
    { detail: { tag: 'sea', items: 1 } },
    'ada removed the tag “sea” from 1 image.',
    'ada hat das Schlagwort „sea“ von einem Bild entfernt.',
  ],
  [
    'media-deleted',
    { actor: null, detail: { ids: [4] } },
    'Somebody deleted 1 image (no. 4).',
    'Jemand hat ein Bild gelöscht (Nr. 4).',
  ],
  [
    'media-trashed',
    { subject: 'media:12', detail: { name: 'Tower' } },
    `ada moved the image ${IMAGE} to the trash.`,
    `ada hat das Bild ${IMAGE} in den Papierkorb gelegt.`,
  ],
  [
    'media-restored',
    { detail: { ids: [4, 5] } },
    'ada restored 2 images from the trash (no. 4 and no. 5).',
    'ada hat 2 Bilder aus dem Papierkorb zurückgeholt (Nr. 4 und Nr. 5).',
  ],
  [
    'media-merged',
    { subject: 'media:12', detail: { name: 'Tower', ids: [4] } },
    `ada merged 1 image (no. 4) into the image ${IMAGE}.`,
    `ada hat ein Bild (Nr. 4) mit dem Bild ${IMAGE} zusammengelegt.`,
  ],
] as const)('describes %s in a natural sentence', (action, entry, english, german) => {
  const plain = { ...entry, detail: { ...entry.detail } }
  expect(tell('en', action, plain)).toBe(english)
  expect(tell('de', action, plain)).toBe(german)
})
