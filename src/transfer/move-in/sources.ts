import type { SourceKind } from './source.ts'

/** Sources by their names on the command line. Loaded when one is wanted. */
export const SOURCES: Readonly<Record<string, () => Promise<SourceKind>>> = {
  wordpress: async () => (await import('./wordpress.ts')).wordpress,
  immich: async () => (await import('./immich.ts')).immich,
}
