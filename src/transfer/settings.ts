import type { Settings } from '../base/settings.ts'

export const transferSettings = {
  importToken: {
    variable: 'VITRINE_IMPORT_TOKEN',
    fallback: undefined,
    parse: (text): string | undefined => text,
    help: 'Lets `import --from` into the other program.',
    secret: true,
  },
} satisfies Settings
