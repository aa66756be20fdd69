import { boolean, type Settings } from '../settings.ts'

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
} satisfies Settings
