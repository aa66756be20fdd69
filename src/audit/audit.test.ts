import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { purgeAudit } from './purge.ts'
import { type AuditQuery, readAudit } from './read.ts'
import { COMMAND_LINE, recordAudit } from './record.ts'

const DAY = 24 * 3600 * 1000
const ADA = { name: 'ada', accountId: '1', tokenId: null, network: '127.0.0.1' }

const record = (
  database: Database,
  at: number,
  entry: Partial<Parameters<typeof recordAudit>[2]>,
) => database.write((trx) => recordAudit(trx, ADA, { action: 'media-added', ...entry }, at))

/** Adds this many rows, a millisecond apart, in one statement. */
const fill = (database: Database, count: number, action = 'media-added') =>
  database.write(async (trx) => {
    const values = sql.join(
      Array.from({ length: count }, (_, at) => sql`(${at}, ${action}, 'ada', '1')`),
    )
    await sql`INSERT INTO audit (at, action, actor, account_id) VALUES ${values}`.execute(trx)
  })

const idsOf = async (database: Database, query: Partial<AuditQuery>) =>
  (await readAudit(database.read, { limit: 100, ...query })).rows.map(({ id }) => id)

/** Statements with which the engine can replace or delete existing rows. */
const replacements =
  process.env.VITRINE_TEST_ENGINE === 'postgres'
    ? [
        sql`TRUNCATE audit`,
        sql`INSERT INTO audit (id, at, action) VALUES (1, 1, 'forged')
          ON CONFLICT (id) DO UPDATE SET action = excluded.action`,
        sql`MERGE INTO audit USING (SELECT 1 AS id) AS given ON audit.id = given.id
          WHEN MATCHED THEN DELETE`,
        sql`DO $$ BEGIN
          SET LOCAL session_replication_role = replica;
          DELETE FROM audit;
        END $$`,
      ]
    : [
        sql`INSERT OR REPLACE INTO audit (id, at, action) VALUES (1, 1, 'forged')`,
        sql`REPLACE INTO audit (rowid, at, action) VALUES (1, 1, 'forged')`,
        sql`INSERT OR REPLACE INTO audit (id, at, action) SELECT id, at, 'forged' FROM audit`,
        sql`UPDATE OR REPLACE audit SET id = 1`,
        sql`INSERT INTO audit (id, at, action) VALUES (1, 1, 'forged')
          ON CONFLICT (id) DO UPDATE SET action = excluded.action`,
      ]

describe('the audit trail', () => {
  it('is only ever added to, by any statement', async () => {
    const database = await openTemporaryDatabase()
    await record(database, 1, { subject: 'media:1', detail: { name: 'Tower' } })
    const changes = [
      sql`UPDATE audit SET actor = 'eve'`,
      sql`UPDATE audit SET at = 0`,
      sql`DELETE FROM audit`,
      sql`DELETE FROM audit WHERE id = 1`,
      ...replacements,
    ]
    for (const change of changes) {
      await expect(database.write((trx) => change.execute(trx))).rejects.toThrow('only ever added')
    }
    expect((await readAudit(database.read, { limit: 10 })).rows).toEqual([
      {
        id: 1,
        at: 1,
        action: 'media-added',
        actor: 'ada',
        account_id: '1',
        token_id: null,
        network: '127.0.0.1',
        subject: 'media:1',
        detail: '{"name":"Tower"}',
      },
    ])
  })

  it('is part of the change that it records: a failed change leaves no row', async () => {
    const database = await openTemporaryDatabase()
    const failing = database.write(async (trx) => {
      await recordAudit(trx, COMMAND_LINE, { action: 'media-added' }, 1)
      throw new Error('the disk is full')
    })
    await expect(failing).rejects.toThrow('the disk is full')
    expect(await idsOf(database, {})).toEqual([])
  })

  it('has times that never decrease, even if the clock is set back', async () => {
    const database = await openTemporaryDatabase()
    for (const at of [5, 9, 3, 12]) await record(database, at, {})
    const { rows } = await readAudit(database.read, { limit: 10 })
    expect(rows.map(({ at }) => at)).toEqual([12, 9, 9, 5])
  })

  it('is read in pages, newest first, with any filter', async () => {
    const database = await openTemporaryDatabase()
    await record(database, 10, { subject: 'media:1' })
    await record(database, 20, { action: 'media-deleted', subject: 'media:1' })
    await database.write((trx) =>
      recordAudit(trx, COMMAND_LINE, { action: 'account-disabled', subject: 'account:ada' }, 30),
    )
    await database.write((trx) => recordAudit(trx, COMMAND_LINE, { action: 'signed-in' }, 40))

    expect(await idsOf(database, {})).toEqual([4, 3, 2, 1])
    expect(await readAudit(database.read, { limit: 3 })).toMatchObject({ next: 2 })
    expect(await idsOf(database, { before: 2 })).toEqual([1])
    expect(await readAudit(database.read, { limit: 1, before: 2 })).toMatchObject({ next: null })
    expect(await idsOf(database, { action: 'media-deleted' })).toEqual([2])
    // What ada did, and what was done to her.
    expect(await idsOf(database, { user: 'ada' })).toEqual([3, 2, 1])
    expect(await idsOf(database, { user: ' ＡＤＡ' })).toEqual([3, 2, 1])
    expect(await idsOf(database, { user: 'eve' })).toEqual([])
    expect(await idsOf(database, { subject: 'media:1' })).toEqual([2, 1])
    expect(await idsOf(database, { since: 20 })).toEqual([4, 3, 2])
    expect(await idsOf(database, { since: 41 })).toEqual([])
    expect(await idsOf(database, { since: 20, user: 'ada', limit: 1 })).toEqual([3])
  })

  it('is scanned up to a limit for each call, and the next call continues there', async () => {
    const database = await openTemporaryDatabase()
    await record(database, 0, { action: 'signed-out' })
    for (let time = 0; time < 5; time++) await fill(database, 5000)
    const query = { action: 'signed-out', limit: 10 } as const
    const first = await readAudit(database.read, query)
    expect(first.rows).toEqual([])
    expect(first.next).toBeGreaterThan(1)
    const second = await readAudit(database.read, { ...query, before: first.next ?? 0 })
    expect(second.rows.map(({ id }) => id)).toEqual([1])
    expect(second.next).toBeNull()
  })

  it('loses only rows that are older than the retention time', async () => {
    let now = 1000 * DAY
    const database = await openTemporaryDatabase(() => now)
    await fill(database, 2500)
    now += 1
    await record(database, now - 10 * DAY, {})
    await record(database, now - 1, {})
    await purgeAudit(database, 10)
    const { rows } = await readAudit(database.read, { limit: 10 })
    expect(rows).toMatchObject([
      {
        id: 2503,
        actor: 'the server',
        action: 'trail-purged',
        detail: `{"count":2500,"before":"${new Date(now - 10 * DAY).toISOString()}"}`,
      },
      { id: 2502 },
      { id: 2501 },
    ])
    await purgeAudit(database, 10)
    expect(await idsOf(database, {})).toEqual([2503, 2502, 2501])
    // After a purge, other deletions are still refused.
    await expect(
      database.write((trx) => sql`DELETE FROM audit WHERE id = 2501`.execute(trx)),
    ).rejects.toThrow('only ever added')
  })
})
