import { createRequire } from 'node:module'
import type { FileMetadata } from '../../file-metadata.ts'
import { type Header, Refusal } from '../tasks.ts'
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

/** The element that XMP is in. */
const RDF = /<rdf:RDF[\s>]/
/** The reader knows a document by this. A sidecar may begin without it. */
const PACKET_START = /^\s*<\?xpacket begin/
const XML_DECLARATION = /^\s*<\?xml\s[^>]*>/

export interface MetadataReader {
  /** @returns what a file says of its image; undefined if that cannot be read, or only by too much work */
  read(path: string, header: Header): Promise<FileMetadata | undefined>
  /**
   * Reads what an XMP sidecar says of an image.
   * @param text the document
   * @param header of the image
   * @throws Refusal if that cannot be read, or only by too much work
   */
  readSidecar(text: string, header: Header): Promise<FileMetadata>
}

/** The parsers are loaded with the first file that needs them: the one of XML takes 20 ms. */
export function createMetadataReader(): MetadataReader {
  const require = createRequire(import.meta.url)
  let withinTime: WithinTime | undefined

  async function describe(bytes: ArrayBuffer, header: Header) {
    const { default: reader } = await import('exifreader')
    withinTime ??= limitTime(MAX_MS)
    return withinTime(() => {
      const documents: string[] = []
      /** Whether the last document was parsed. The reader tries a document again, and passes over one that fails. */
      let isParsed = false
      const domParser = {
        parseFromString(text: string, type: string) {
          isParsed = false
          documents.push(text)
          if (text.length > MAX_XMP_LENGTH) throw new Error('The XMP is too long.')
          if (DOCUMENT_TYPE.test(text)) throw new Error('The XMP has a document type.')
          const { DOMParser, onErrorStopParsing }: typeof import('@xmldom/xmldom') =
            require('@xmldom/xmldom')
          const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(
            text,
            type,
          )
          isParsed = true
          return document
        },
      }
      try {
        const tags = reader.load(bytes, {
          expanded: true,
          domParser,
          includeTags: { exif: [...EXIF_TAGS], iptc: [...IPTC_TAGS], xmp: true },
        })
        return { metadata: describeImage(embeddedTags(tags, documents), header), isParsed }
      } catch (error) {
        if (!(error instanceof reader.errors.MetadataMissingError)) throw error
        const nothing: FileMetadata = { reveals: [] }
        return { metadata: nothing, isParsed }
      }
    })
  }

  return {
    async read(path, header) {
      try {
        const bytes = await readMetadataBytes(path, header.format)
        if (!bytes) return undefined
        if (bytes.byteLength === 0) return { reveals: [] }
        return (await describe(bytes, header)).metadata
      } catch {
        // Damaged metadata do not make an image damaged.
        return undefined
      }
    },

    async readSidecar(text, header) {
      if (!RDF.test(text)) throw new Refusal('content', 'It is no XMP document.')
      const packet = PACKET_START.test(text)
        ? text.trimStart()
        : `<?xpacket begin="" id=""?>${text.replace(XML_DECLARATION, '')}`
      const { metadata, isParsed } = await describe(
        Uint8Array.from(Buffer.from(packet)).buffer,
        header,
      ).catch((error) => {
        throw new Refusal('content', 'It takes too long to read.', error)
      })
      if (!isParsed) throw new Refusal('content', 'It is damaged, or has a document type.')
      return metadata
    },
  }
}
