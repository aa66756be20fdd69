import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { deletePreset, listPresets, savePreset } from '../images/presets/change-preset.ts'
import { readPresetName, readPresetOptions } from '../images/presets/read-preset.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { printTable, showTime } from './table.ts'

/** Prints all presets, by name. */
export async function presetList(config: Config): Promise<void> {
  const presets = await withLibrary(config, ({ read }) => listPresets(read))
  printTable(
    ['NAME', 'REVISION', 'CHANGED', 'BY', 'OPTIONS'],
    presets.map(({ name, revision, changed_at, changed_by, options }) => [
      name,
      String(revision),
      showTime(changed_at),
      changed_by ?? 'command line',
      options,
    ]),
  )
}

/** Makes or changes a preset. */
export async function presetSet(config: Config, name: string, options: string): Promise<void> {
  const [rightName, rightOptions] = [readPresetName(name), readPresetOptions(options)]
  const preset = await withLibrary(config, (database) =>
    savePreset(database, rightName, rightOptions),
  )
  console.log(`The preset ${preset.name} is ${preset.options}, revision ${preset.revision}.`)
}

export async function presetRemove(config: Config, name: string): Promise<void> {
  const rightName = readPresetName(name)
  await withLibrary(config, (database) => deletePreset(database, rightName))
  console.log(`Removed the preset ${name}; its addresses show nothing any more.`)
}

async function withLibrary<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  await requireLibrary(config)
  return withDatabase(config, work)
}
