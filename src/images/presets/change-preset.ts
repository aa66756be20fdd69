import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { presetNotFound, tooManyPresets } from './preset-errors.ts'

/** Stands against answers and memories that grow without bound: clients get all presets at once. */
export const MAX_PRESETS = 100

/** A preset as it is stored. */
export interface PresetRow {
  name: string
  /** In canonical spelling, without a format. */
  options: string
  /** Grows with every change of the options. No other preset ever had the same one. */
  revision: number
  changed_at: Milliseconds
  /** Username; null for a command. */
  changed_by: string | null
}

const presetSubject = (name: string) => `preset:${name}`

/** All presets, by name. `scaled` and `high` are not among them. */
export const listPresets = (db: Queries): Promise<PresetRow[]> =>
  db.selectFrom('presets').selectAll().orderBy('name').execute()

/**
 * Makes a preset, or gives it other options and with them a new revision. With the same options it stays as it is.
 *
 * @param name as `readPresetName` returns it
 * @param options as `readPresetOptions` returns them
 * @throws AppError 409 "Too many presets"
 */
export async function savePreset(
  database: Database,
  name: string,
  options: string,
  by: Actor = COMMAND_LINE,
): Promise<PresetRow> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const [before] = await runIn(trx, findPreset, name)
    if (before?.options === options) return before
    if (!before) await requireRoom(trx)
    const preset: PresetRow = {
      name,
      options,
      revision: await nextRevision(trx),
      changed_at: now,
      changed_by: by.accountId === null ? null : by.name,
    }
    await trx
      .insertInto('presets')
      .values(preset)
      .onConflict((conflict) => conflict.column('name').doUpdateSet(preset))
      .execute()
    const { revision } = preset
    const detail = { options, revision, ...(before && { before: before.options }) }
    await recordAudit(
      trx,
      by,
      { action: 'preset-saved', subject: presetSubject(name), detail },
      now,
    )
    return preset
  })
}

/**
 * Deletes a preset. Its addresses show nothing from then on.
 * @returns the preset as it was
 * @throws AppError 404 "Preset not found"
 */
export async function deletePreset(
  database: Database,
  name: string,
  by: Actor = COMMAND_LINE,
): Promise<PresetRow> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const [preset] = await runIn(trx, findPreset, name)
    if (!preset) throw presetNotFound(name)
    await trx.deleteFrom('presets').where('name', '=', name).execute()
    const { options, revision } = preset
    const detail = { options, revision }
    await recordAudit(
      trx,
      by,
      { action: 'preset-deleted', subject: presetSubject(name), detail },
      now,
    )
    return preset
  })
}

async function requireRoom(trx: Queries): Promise<void> {
  const { count } = await trx
    .selectFrom('presets')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (count >= MAX_PRESETS) throw tooManyPresets(MAX_PRESETS)
}

/** A number that no preset had before, not even one that was deleted: caches keep addresses for ever. */
async function nextRevision(trx: Queries): Promise<number> {
  const { preset_revision } = await trx
    .updateTable('library')
    .set((row) => ({ preset_revision: row('preset_revision', '+', row.lit(1)) }))
    .returning('preset_revision')
    .executeTakeFirstOrThrow()
  return preset_revision
}

const findPreset = prepare((db, name: Parameter<string>) =>
  db.selectFrom('presets').selectAll().where('name', '=', name).compile(),
)
