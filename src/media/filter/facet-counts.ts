import { prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { listTags } from '../tags.ts'

/** How many tags the answer has. `GET /media/tags` lists more. */
const MAX_TAGS = 100

/** How many items of the library have the facets that people choose from. The counts are stored with the facets. */
export interface FacetCounts {
  /** By the short name of the format. */
  types: Record<string, number>
  /** The most used first. */
  tags: { tag: string; count: number }[]
  /** By the year of `takenAt`. */
  years: Record<string, number>
  /** How many items lack it. */
  lacks: { alt: number; tags: number; collection: number }
  /** How many items are in the trash. */
  trash: number
  /** How many items are in the library. */
  total: number
}

/** @param db a transaction, so that all counts are of one state of the database */
export async function readFacetCounts(db: Queries): Promise<FacetCounts> {
  const rows = await runIn(db, findCounts)
  const { tags } = await listTags(db, { search: '', limit: MAX_TAGS })
  const liveOf = (wanted: string) =>
    Object.fromEntries(
      rows
        .filter(({ kind, live }) => kind === wanted && live > 0)
        .map(({ value, live }) => [value, live]),
    )
  const has = liveOf('has')
  const total = liveOf('in').library ?? 0
  const trash = rows.find(({ kind, value }) => kind === 'in' && value === 'trash')?.items ?? 0
  const lacking = (trait: string) => total - (has[trait] ?? 0)
  return {
    types: liveOf('type'),
    tags,
    years: liveOf('year'),
    lacks: { alt: lacking('alt'), tags: lacking('tags'), collection: lacking('collection') },
    trash,
    total,
  }
}

const findCounts = prepare((db) =>
  db
    .selectFrom('facets')
    .select(['kind', 'value', 'items', 'live'])
    .where('kind', 'in', ['in', 'type', 'year', 'has'])
    .orderBy('kind')
    .orderBy('value')
    .compile(),
)
