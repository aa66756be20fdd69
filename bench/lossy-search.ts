import pg from 'pg'
import { fold } from '../src/base/fold.ts'
import { readTime } from './processor-time.ts'

const ROUNDS = 5
const STEP_KB = 8

/**
 * Measures a search on PostgreSQL whose list of hits does not fit into `work_mem`. PostgreSQL then
 * remembers only the pages that have hits, and computes the grams of every row on them. A table of our own,
 * with few rows on each page, reaches that state with few rows.
 *
 * @param tag a tag of many items
 */
export async function measureRechecks(url: string, tag: string): Promise<Record<string, number>> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(`
      CREATE TABLE probe (id bigint, lines text) WITH (fillfactor = 10);
      INSERT INTO probe SELECT id, lines FROM media_search;
      CREATE INDEX ON probe USING gin (media_grams(lines)) WITH (fastupdate = off);`)
    await client.query('VACUUM ANALYZE probe')
    await client.query('SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0')
    const term = [...fold(tag)].map((_, at, all) => all.slice(at, at + 3).join('')).slice(0, -2)
    const query = term.map((gram) => `'${gram}'`).join(' & ')
    const fits = await count(client, query, 4096)
    const lossy = await count(client, query, 64)
    let enough = 64
    while ((await explain(client, query, enough)).lossyPages > 0) enough += STEP_KB
    return {
      'count of hits, list within work_mem (ms)': fits.time,
      'count of hits, list past work_mem (ms)': lossy.time,
      'hits counted': fits.hits,
      'rows in the table': fits.rows,
      'work_mem for a page with hits (bytes)': Math.round((enough * 1024) / fits.exactPages),
    }
  } finally {
    await client.end()
  }
}

const COUNT = 'SELECT count(*) AS hits FROM probe WHERE media_grams(lines) @@ $1::tsquery'

/** Processor time of the server process, in milliseconds. */
async function count(client: pg.Client, query: string, workMemKb: number) {
  const pages = await explain(client, query, workMemKb)
  const { rows } = await client.query(
    'SELECT pg_backend_pid() AS pid, (SELECT count(*) FROM probe) AS rows',
  )
  const before = readTime(rows[0].pid)
  let hits = 0
  for (let round = 0; round < ROUNDS; round++) {
    hits = Number((await client.query(COUNT, [query])).rows[0].hits)
  }
  const time = (readTime(rows[0].pid) - before) / ROUNDS
  return { ...pages, time, hits, rows: Number(rows[0].rows) }
}

/**
 * Sets `work_mem`. Returns for how many pages PostgreSQL remembers each row with a hit, and for how many it
 * does not.
 */
async function explain(client: pg.Client, query: string, workMemKb: number) {
  await client.query(`SET work_mem = '${workMemKb}kB'`)
  const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${COUNT}`, [query])
  const plan = JSON.stringify(rows[0]['QUERY PLAN'])
  return {
    exactPages: Number(/"Exact Heap Blocks":(\d+)/.exec(plan)?.[1] ?? 0),
    lossyPages: Number(/"Lossy Heap Blocks":(\d+)/.exec(plan)?.[1] ?? 0),
  }
}
