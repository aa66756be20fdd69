import type { SourceKind } from './source.ts'

/** Sources by their names on the command line. Loaded when one is wanted. */
export const SOURCES: Readonly<Record<string, () => Promise<SourceKind>>> = {
  wordpress: async () => (await import('./wordpress.ts')).wordpress,
  directus: async () => (await import('./directus.ts')).directus,
  strapi: async () => (await import('./strapi.ts')).strapi,
  immich: async () => (await import('./immich.ts')).immich,
}
