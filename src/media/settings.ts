import { boolean, integer, type Settings } from '../base/settings.ts'
import { findUrlFault } from '../http/outgoing/find-url-fault.ts'

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
  describeUrl: {
    variable: 'VITRINE_DESCRIBE_URL',
    fallback: undefined,
    parse: (text): URL | undefined => parseDescribeUrl(text),
    help: 'URL of a service that suggests alternative texts, which gets a small image of the item; none if not set.',
    secret: true,
  },
} satisfies Settings

/** It may be of a private host: only the operator names it. It may hold a key, so no message repeats it. */
function parseDescribeUrl(text: string): URL {
  const url = URL.parse(text)
  const fault = url === null ? 'is no URL' : findUrlFault(url)
  if (url === null || fault !== undefined) {
    throw new Error(`a URL such as http://127.0.0.1:8000/describe, and this one ${fault}`)
  }
  return url
}

function parseInstance(text: string): string {
  if (/^[a-z0-9-]{1,32}$/.test(text)) return text
  throw new Error('up to 32 small letters, digits or hyphens, such as files-1')
}
