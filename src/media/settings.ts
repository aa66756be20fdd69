import { boolean, integer, type Settings } from '../base/settings.ts'

export const mediaSettings = {
  api: {
    variable: 'VITRINE_API',
    fallback: true,
    parse: boolean,
    help: 'Serve the API: sign-in, list, edit, originals.',
  },
  fileService: {
    variable: 'VITRINE_FILE_SERVICE',
    fallback: true,
    parse: boolean,
    help: 'Serve adding and deleting of images.',
  },
  scrubDays: {
    variable: 'VITRINE_SCRUB_DAYS',
    fallback: undefined,
    parse: (text): number | undefined => integer(1, 3650)(text),
    help: 'Read every stored file once in this many days and repair damaged files; never if not set.',
  },
  versions: {
    variable: 'VITRINE_VERSIONS',
    fallback: 10,
    parse: integer(0, 100),
    help: 'How many earlier versions of each replaced image are kept.',
  },
} satisfies Settings
