import type { Database } from '../../database/database.ts'
import { createMemo } from '../../database/memo.ts'
import { type Parameter, prepare } from '../../database/prepared.ts'
import type { Options } from '../address/options.ts'
import { parseOptions } from '../address/parse-options.ts'
import { isBuiltIn } from '../address/preset-name.ts'
import { VARIANTS } from '../recipe.ts'

/** A name for options of image addresses. */
export interface Preset {
  options: Options
  /** Undefined for `scaled` and `high`, which never change. */
  revision: number | undefined
}

/** Finds a preset by its name; undefined if there is none. */
export type FindPreset = (name: string) => Promise<Preset | undefined>

/** A library has at most 100 presets. */
const MAX_BYTES = 256 * 1024
/** Approximate size of a `Preset`. */
const PRESET_BYTES = 500

/** Remembers presets until anything changes in the database. */
export function createFindPreset(database: Database): FindPreset {
  const memo = createMemo<Preset>(database, MAX_BYTES, () => PRESET_BYTES)
  return async (name) => {
    if (isBuiltIn(name)) {
      const { fit } = VARIANTS[name]
      return { options: { width: fit, height: fit }, revision: undefined }
    }
    return memo.read(name, async () => {
      const [row] = await database.run(findByName, name)
      return row && { options: parseOptions(row.options), revision: row.revision }
    })
  }
}

const findByName = prepare((db, name: Parameter<string>) =>
  db.selectFrom('presets').select(['options', 'revision']).where('name', '=', name).compile(),
)
