import pg from 'pg'
import { fold } from '../src/fold.ts'
import { readTime } from './processor-time.ts'

/**
 * What a search costs on PostgreSQL once the list of its hits does not fit into `work_mem` any more.
 * The server then keeps only which pages have hits, and computes the grams of every row on them. A
 * table of ours, with few rows on each page, comes to that with few rows.
 *
 * @param tag that many items have
 */
export async function measureRechecks(url: string, tag: string) {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query('CREATE TABLE probe (id bigint, lines text) WITH (fillfactor = 10)')
    await client.query('INSERT INTO probe SELECT id, lines FROM media_search')
    await client.query(
      'CREATE INDEX ON probe USING gin (media_grams(lines)) WITH (fastupdate = off)',
    )
    await client.query('VACUUM ANALYZE probe')
    await client.query('SET enable_seqscan = off')
    await client.query('SET max_parallel_workers_per_gather = 0')
    const trigrams = [...fold(tag)].map((_, at, all) => all.slice(at, at + 3).join('')).slice(0, -2)
    const term = trigrams.map((gram) => `'${gram}'`).join(' & ')
    const fits = await count(client, term, '4MB')
    const lossy = await count(client, term, '64kB')
    return {
      'count of hits that fit into work_mem (ms)': fits.time,
      'count of hits that do not (ms)': lossy.time,
      'rows whose grams it computed': lossy.rechecked,
      'hits counted': lossy.hits,
    }
  } finally {
    await client.end()
  }
}

async function count(client: pg.Client, term: string, workMem: string) {
  await client.query(`SET work_mem = '${workMem}'`)
  const pid = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
  const text = 'SELECT count(*) AS hits FROM probe WHERE media_grams(lines) @@ $1::tsquery'
  const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, [term])
  const plan = JSON.stringify(rows[0]['QUERY PLAN'])
  const before = readTime(pid)
  const found = await client.query(text, [term])
  const hits = Number(found.rows[0].hits)
  const removed = Number(/"Rows Removed by Index Recheck": (\d+)/.exec(plan)?.[1] ?? 0)
  const lossyPages = Number(/"Lossy Heap Blocks": (\d+)/.exec(plan)?.[1] ?? 0)
  return { time: readTime(pid) - before, hits, rechecked: lossyPages > 0 ? hits + removed : 0 }
}
