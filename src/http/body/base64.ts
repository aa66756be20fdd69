const WHITE_SPACE = /[ \t\n\r\f]+/g
const LEADING_WHITE_SPACE = /^[ \t\n\r\f]+/
const NOT_BASE64 = /[^A-Za-z0-9+/_=-]/
/** A media type with its parameters is shorter. */
const MAX_DATA_URL_HEAD = 1024

const NOTHING = Buffer.alloc(0)

export interface Base64Decoder {
  /**
   * Decodes the next characters. After a refusal all further characters are ignored. The returned buffer is
   * valid until the next call: new memory for every piece of a large image costs more than decoding it.
   */
  write(text: string): Buffer
  /** The last bytes, which were held back. */
  end(): Buffer
  /** Why the text is not base64, as the end of a sentence: `holds "%"`. */
  readonly refusal: string | undefined
}

/**
 * Decodes base64 (RFC 4648) piece by piece: bare or as a data URL, in the standard or the URL-safe alphabet,
 * with or without padding, with white space anywhere. Anything else is refused.
 */
export function createBase64Decoder(): Base64Decoder {
  /** The first characters, until it is known whether this is a data URL. Then undefined. */
  let head: string | undefined = ''
  /** Characters that do not make three bytes yet: fewer than four digits, perhaps padding. */
  let rest = ''
  let refusal: string | undefined
  let decoded = NOTHING

  function refuse(why: string): Buffer {
    refusal = why
    return NOTHING
  }

  function decode(text: string): Buffer {
    const all = rest + text
    const whole = all.length - (all.length % 4)
    const size = (whole / 4) * 3
    if (decoded.length < size) decoded = Buffer.allocUnsafeSlow(size)
    const written = decoded.write(whole === all.length ? all : all.slice(0, whole), 'base64')
    // Node skips invalid characters, so only text that is all digits gives exactly this many bytes.
    if (written !== size) return decodeCarefully(all)
    rest = all.slice(whole)
    return decoded.subarray(0, size)
  }

  function decodeCarefully(all: string): Buffer {
    const text = all.replace(WHITE_SPACE, '')
    const [wrong] = NOT_BASE64.exec(text) ?? []
    if (wrong !== undefined) return refuse(`holds ${nameCharacter(wrong)}`)
    const end = text.indexOf('=')
    const digits = end === -1 ? text : text.slice(0, end)
    const padding = text.slice(digits.length)
    if (!/^={0,2}$/.test(padding)) return refuse('goes on after its padding')
    const whole = digits.length - (digits.length % 4)
    rest = digits.slice(whole) + padding
    return Buffer.from(digits.slice(0, whole), 'base64')
  }

  /** @returns the text after the head, once the head is complete */
  function readHead(text: string): string | undefined {
    const all = text.replace(LEADING_WHITE_SPACE, '')
    const start = all.slice(0, 'data:'.length).toLowerCase()
    if (start !== 'data:') {
      const isOpen = 'data:'.startsWith(start)
      head = isOpen ? all : undefined
      return isOpen ? undefined : all
    }
    const comma = all.indexOf(',')
    if (comma === -1 && all.length <= MAX_DATA_URL_HEAD) {
      head = all
      return undefined
    }
    head = undefined
    const isReadable = comma !== -1 && comma <= MAX_DATA_URL_HEAD
    if (!isReadable || !endsInBase64(all.slice(0, comma))) {
      refuse('is a data URL without ";base64,"')
    }
    return all.slice(comma + 1)
  }

  return {
    get refusal() {
      return refusal
    },
    write(text) {
      if (refusal !== undefined) return NOTHING
      const data = head === undefined ? text : readHead(head + text)
      return data === undefined || refusal !== undefined ? NOTHING : decode(data)
    },
    end() {
      if (refusal !== undefined) return NOTHING
      if (head?.startsWith('data:')) return refuse('is a data URL without ";base64,"')
      const bytes = decodeCarefully((head ?? '') + rest)
      if (refusal !== undefined) return NOTHING
      const [digits = ''] = rest.split('=')
      const padding = rest.length - digits.length
      if (digits.length === 1) return refuse('ends in the middle of a byte')
      if (padding > 0 && rest.length !== 4) return refuse('is padded wrongly')
      return Buffer.concat([bytes, Buffer.from(digits, 'base64')])
    },
  }
}

/** @param head of a data URL: `data:image/png; base64` */
const endsInBase64 = (head: string) =>
  head.split(';').slice(1).at(-1)?.trim().toLowerCase() === 'base64'

const nameCharacter = (character: string) =>
  /[!-~]/.test(character)
    ? `"${character}"`
    : 'a character outside of ASCII, or a control character'
