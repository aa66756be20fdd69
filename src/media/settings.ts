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
  uploadBytes: {
    variable: 'VITRINE_UPLOAD_BYTES',
    fallback: 8 * 1024 ** 3,
    parse: integer(1, 1024 ** 5),
    help: 'Disk that unfinished resumable uploads may take, in bytes.',
  },
  instance: {
    variable: 'VITRINE_INSTANCE',
    fallback: undefined,
    parse: (text): string | undefined => parseInstance(text),
    help: 'Name of this instance, with which the addresses of its resumable uploads begin, for a proxy.',
  },
  trashDays: {
    variable: 'VITRINE_TRASH_DAYS',
    fallback: 30,
    parse: integer(0, 36_500),
    help: 'Days that a deleted item stays in the trash before it is deleted for good; 0: there is no trash.',
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

function parseInstance(text: string): string {
  if (/^[a-z0-9-]{1,32}$/.test(text)) return text
  throw new Error('up to 32 small letters, digits or hyphens, such as files-1')
}
