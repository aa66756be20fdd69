import { SourceFault } from './site.ts'
import type { SourceKind } from './source.ts'

export const wordpress: SourceKind = {
  title: 'WordPress',
  token: 'a token',
  async open() {
    throw new SourceFault('WordPress is not read yet.')
  },
}
