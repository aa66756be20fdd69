import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { install } from '../test/install.ts'

/**
 * Photographs of 2 to 5 megapixels in Debian's packages: plants, water, skies, a forest, buildings, things; sharp and
 * blurred, bright and dark. Their licences are GPL 2 or later. Drawings in these packages are left out.
 */
const FOLDERS = {
  'mate-backgrounds': (name: string) => join('/usr/share/backgrounds/mate/nature', `${name}.jpg`),
  'plasma-workspace-wallpapers': (name: string) =>
    join('/usr/share/wallpapers', name, 'contents/images/2560x1600.jpg'),
} as const

const NAMES: Readonly<Record<keyof typeof FOLDERS, readonly string[]>> = {
  'mate-backgrounds': [
    'Aqua',
    'Blinds',
    'Garden',
    'LadyBird',
    'RainDrops',
    'Storm',
    'TwoWings',
    'Wood',
    'YellowFlower',
  ],
  'plasma-workspace-wallpapers': [
    'BytheWater',
    'ColdRipple',
    'ColorfulCups',
    'DarkestHour',
    'EveningGlow',
    'FallenLeaf',
    'Grey',
    'Kite',
    'OneStandsOut',
    'Path',
    'summer_1am',
  ],
}

/** Paths of photographs that people took. The packages are installed if that may be done. */
export function findRealPhotos(): string[] {
  const packages = ['mate-backgrounds', 'plasma-workspace-wallpapers'] as const
  const paths = packages.flatMap((name) => NAMES[name].map(FOLDERS[name]))
  const areThere = () => paths.every((path) => existsSync(path))
  install('photographs for benchmarks', packages, areThere)
  if (!areThere()) throw new Error('This benchmark needs the photographs of two packages.')
  return paths
}
