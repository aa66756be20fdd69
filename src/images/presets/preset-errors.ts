import { AppError } from '../../base/errors.ts'

export const presetNotFound = (name: string) =>
  new AppError('preset-not-found', 404, 'Preset not found', {
    detail: `There is no preset ${name}.`,
  })

export const tooManyPresets = (most: number) =>
  new AppError('too-many-presets', 409, 'Too many presets', {
    detail: `There are ${most} presets already, which is the most that are allowed; delete one first.`,
  })
