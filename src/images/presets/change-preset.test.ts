import { beforeEach, describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { forbidden } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { deletePreset, listPresets, MAX_PRESETS, savePreset } from './change-preset.ts'
import { createFindPreset } from './find-preset.ts'
import { readPresetName, readPresetOptions } from './read-preset.ts'

let database: Database
let now: number
beforeEach(async () => {
  now = Date.UTC(2026, 0, 20)
  database = await openTemporaryDatabase(() => now)
})

const ADA = { name: 'ada', accountId: '7', tokenId: null, network: '127.0.0.1' }
const save = async (name: string, options: string) =>
  (await savePreset(database, name, options, ADA)).revision

describe('a preset', () => {
  it('gets a new revision with other options, and keeps all with the same ones', async () => {
    const made = await savePreset(database, 'hero', 'w_1600', ADA)
    expect(made).toMatchObject({ revision: 1, changed_by: 'ada' })
    now += 60_000
    expect(await savePreset(database, 'hero', 'w_1600')).toEqual(made)
    const changed = await savePreset(database, 'hero', 'w_800')
    expect(changed).toMatchObject({ options: 'w_800', revision: 2, changed_by: null })
    expect(changed.changed_at).toBeGreaterThan(made.changed_at)
    expect(await listPresets(database.read)).toEqual([changed])
  })

  it('never gets a revision that any preset had before', async () => {
    const given = [await save('b', 'w_1'), await save('a-2', 'w_1'), await save('b', 'w_2')]
    await deletePreset(database, 'b')
    given.push(await save('b', 'w_2'), await save('a-2', 'w_2'), await save('a-2', 'w_1'))
    expect(given).toEqual([1, 2, 3, 4, 5, 6])
    expect((await listPresets(database.read)).map(({ name }) => name)).toEqual(['a-2', 'b'])
  })

  it('is found by its name at once, and not after its deletion', async () => {
    const find = createFindPreset(database)
    expect(await find('hero')).toBeUndefined()
    await save('hero', 'w_1600,ar_21-9')
    expect(await find('hero')).toEqual({ options: { width: 1600, ratio: [21, 9] }, revision: 1 })
    await save('hero', 'w_800')
    expect(await find('hero')).toEqual({ options: { width: 800 }, revision: 2 })
    await deletePreset(database, 'hero')
    expect(await find('hero')).toBeUndefined()
    await expect(deletePreset(database, 'hero')).rejects.toMatchObject({
      status: 404,
      message: 'Preset not found',
      detail: 'There is no preset hero.',
    })
  })

  it('is one of at most 100', async () => {
    for (let number = 0; number < MAX_PRESETS; number++) await save(`p${number}`, 'w_1')
    await expect(save('more', 'w_1')).rejects.toMatchObject({
      status: 409,
      message: 'Too many presets',
    })
    // Those that exist can be changed.
    expect(await save('p0', 'w_2')).toBe(MAX_PRESETS + 1)
    await deletePreset(database, 'p1')
    expect(await save('more', 'w_1')).toBe(MAX_PRESETS + 2)
  })

  it('is changed only as long as the actor may do that, and every change is recorded', async () => {
    const permit = async () => {
      throw forbidden('no longer')
    }
    await save('hero', 'w_1')
    const late = { ...ADA, permit }
    await expect(savePreset(database, 'hero', 'w_2', late)).rejects.toMatchObject({ status: 403 })
    await expect(deletePreset(database, 'hero', late)).rejects.toMatchObject({ status: 403 })
    await save('hero', 'w_1')
    await save('hero', 'w_3')
    await deletePreset(database, 'hero', ADA)
    const rows = await database.read
      .selectFrom('audit')
      .select(['action', 'actor', 'subject', 'detail'])
      .where('subject', '=', 'preset:hero')
      .orderBy('id')
      .execute()
    expect(rows.map((row) => ({ ...row, detail: JSON.parse(row.detail ?? '') }))).toEqual(
      [
        { action: 'preset-saved', detail: { options: 'w_1', revision: 1 } },
        { action: 'preset-saved', detail: { options: 'w_3', revision: 2, before: 'w_1' } },
        { action: 'preset-deleted', detail: { options: 'w_3', revision: 2 } },
      ].map((entry) => ({ ...entry, actor: 'ada', subject: 'preset:hero' })),
    )
  })
})

describe('what people write', () => {
  it('is brought into its canonical spelling', () => {
    expect(readPresetOptions('ar_32-18,w_01600,crop_0-0-100-100,fit_inside')).toBe('w_1600,ar_16-9')
    expect(readPresetOptions('q_80')).toBe('q_80')
  })

  it.each([
    ['', 'Required parameters missing', /options is empty/],
    ['w_1600.webp', 'Invalid parameters', /w is "1600\.webp"/],
    ['hero', 'Invalid parameters', /"hero" is no option/],
    ['scaled,w_5', 'Invalid parameters', /"scaled" is no option/],
    ['w_5,v_3', 'Invalid parameters', /"v_3" is no option/],
    ['w_5,s_0-abc', 'Invalid parameters', /"s_0-abc" is no option/],
    ['w_5,w_6', 'Invalid parameters', /more than once/],
    ['w_5,h_5,ar_1-1', 'Invalid parameters', /ar is given with both/],
    ['crop_0-0-100-100', 'Invalid parameters', /changes nothing/],
  ])('is refused as options: %s', (options, message, detail) => {
    expect(() => readPresetOptions(options)).toThrow(
      expect.objectContaining({ status: 400, message, detail: expect.stringMatching(detail) }),
    )
  })

  it.each(['scaled', 'high', 'Hero', '1a', '-a', 'a_b', '', 'a'.repeat(33), 'a,b', 'hé'])(
    'is refused as a name: %s',
    (name) => {
      expect(() => readPresetName(name)).toThrow(
        expect.objectContaining({ status: 400, message: 'Invalid parameters' }),
      )
    },
  )

  it.each(['a', 'hero-2', 'a'.repeat(32)])('is a name: %s', (name) => {
    expect(readPresetName(name)).toBe(name)
  })
})
