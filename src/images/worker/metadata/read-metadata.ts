import { createRequire } from 'node:module'
import type { FileMetadata } from '../../file-metadata.ts'
import type { Header } from '../tasks.ts'
import { describeImage } from './describe-image.ts'
import { EXIF_TAGS, embeddedTags, IPTC_TAGS } from './embedded-tags.ts'
import { readMetadataBytes } from './metadata-bytes.ts'
import { limitTime, type WithinTime } from './within-time.ts'

/**
 * Stands against metadata that are slow to read on purpose. Real ones take some milliseconds. The reader does not
 * yield, so the limits of the process are not looked at meanwhile.
 */
const MAX_MS = 2000

/** Longest XMP document that is parsed, in UTF-16 units. Each takes up to 250 bytes while it is parsed. */
const MAX_XMP_LENGTH = 512 * 1024

/** Without a document type, a document has no entities of its own, which could grow to any size. */
const DOCUMENT_TYPE = /<!DOCTYPE/i

/**
 * Returns a function that reads what a file says of its image. It resolves to undefined if that cannot be read, or only
 * by too much work. The parsers are loaded with the first file that needs them: the one of XML takes 20 ms.
 */
export function createMetadataReader() {
  const require = createRequire(import.meta.url)
  const createParser = (documents: string[]) => ({
    parseFromString(text: string, type: string) {
      documents.push(text)
      if (text.length > MAX_XMP_LENGTH) throw new Error('The XMP is too long.')
      if (DOCUMENT_TYPE.test(text)) throw new Error('The XMP has a document type.')
      const { DOMParser, onErrorStopParsing }: typeof import('@xmldom/xmldom') =
        require('@xmldom/xmldom')
      return new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, type)
    },
  })
  let withinTime: WithinTime | undefined

  return async (path: string, header: Header): Promise<FileMetadata | undefined> => {
    try {
      const bytes = await readMetadataBytes(path, header.format)
      if (!bytes) return undefined
      if (bytes.byteLength === 0) return { reveals: [] }
      const { default: reader } = await import('exifreader')
      withinTime ??= limitTime(MAX_MS)
      return withinTime(() => {
        const documents: string[] = []
        try {
          const tags = reader.load(bytes, {
            expanded: true,
            domParser: createParser(documents),
            includeTags: { exif: [...EXIF_TAGS], iptc: [...IPTC_TAGS], xmp: true },
          })
          return describeImage(embeddedTags(tags, documents), header)
        } catch (error) {
          if (error instanceof reader.errors.MetadataMissingError) return { reveals: [] }
          throw error
        }
      })
    } catch {
      // Damaged metadata do not make an image damaged.
      return undefined
    }
  }
}
