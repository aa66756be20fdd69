import { SourceFault } from './site.ts'
import type { SourceKind } from './source.ts'

export const immich: SourceKind = {
  title: 'Immich',
  token: 'a token',
  async open() {
    throw new SourceFault('Immich is not read yet.')
  },
}
