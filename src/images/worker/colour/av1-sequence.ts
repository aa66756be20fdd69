/** The colours that an AV1 bit stream declares: `color_config` of its sequence header. */
export interface SequenceColours {
  /** Code points of ITU-T H.273; 2 is "unspecified". */
  primaries: number
  transfer: number
  matrix: number
  isFullRange: boolean
  isMonochrome: boolean
}

const SEQUENCE_HEADER = 1

/**
 * Finds the sequence header among open bitstream units, and reads it up to its colours: AV1 Bitstream &
 * Decoding Process Specification, 5.3 and 5.5.
 * @returns undefined if the header is missing or cut short
 */
export function readSequenceColours(units: Buffer): SequenceColours | undefined {
  try {
    for (let at = 0; at < units.length; ) {
      const header = units.readUInt8(at)
      at += header & 4 ? 2 : 1
      const size = header & 2 ? readLeb128(units, at) : { value: units.length - at, bytes: 0 }
      at += size.bytes
      if (((header >> 3) & 0xf) === SEQUENCE_HEADER) return readHeader(bitsOf(units.subarray(at)))
      at += size.value
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return undefined
}

function readLeb128(bytes: Buffer, from: number): { value: number; bytes: number } {
  let value = 0
  for (let index = 0; index < 8; index++) {
    const byte = bytes.readUInt8(from + index)
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, bytes: index + 1 }
  }
  throw new RangeError('Number without an end')
}

type ReadBits = (count: number) => number

function bitsOf(bytes: Buffer): ReadBits {
  let at = 0
  return (count) => {
    let value = 0
    for (const end = at + count; at < end; at++) {
      value = value * 2 + ((bytes.readUInt8(at >> 3) >> (7 - (at & 7))) & 1)
    }
    return value
  }
}

function readHeader(read: ReadBits): SequenceColours {
  const profile = read(3)
  read(1)
  const isReduced = read(1) === 1
  if (isReduced) read(5)
  else skipOperatingPoints(read)
  const [widthBits, heightBits] = [read(4) + 1, read(4) + 1]
  read(widthBits)
  read(heightBits)
  if (!isReduced && read(1) === 1) read(7)
  read(3)
  if (!isReduced) skipTools(read)
  read(3)
  return readColours(read, profile)
}

function skipOperatingPoints(read: ReadBits) {
  let delayBits = 0
  if (read(1) === 1) {
    read(64)
    if (read(1) === 1) skipUvlc(read)
    if (read(1) === 1) {
      delayBits = read(5) + 1
      read(32 + 5 + 5)
    }
  }
  const hasInitialDelay = read(1) === 1
  for (let points = read(5) + 1; points > 0; points--) {
    read(12)
    if (read(5) > 7) read(1)
    if (delayBits > 0 && read(1) === 1) read(2 * delayBits + 1)
    if (hasInitialDelay && read(1) === 1) read(4)
  }
}

function skipUvlc(read: ReadBits) {
  let zeros = 0
  while (read(1) === 0) zeros++
  if (zeros < 32) read(zeros)
}

/** From `enable_interintra_compound` to `order_hint_bits_minus_1`. */
function skipTools(read: ReadBits) {
  read(4)
  const hasOrderHint = read(1) === 1
  if (hasOrderHint) read(2)
  const choosesScreenTools = read(1) === 1
  const mayForceScreenTools = choosesScreenTools || read(1) === 1
  if (mayForceScreenTools && read(1) === 0) read(1)
  if (hasOrderHint) read(3)
}

function readColours(read: ReadBits, profile: number): SequenceColours {
  const isDeep = read(1) === 1
  if (profile === 2 && isDeep) read(1)
  const isMonochrome = profile !== 1 && read(1) === 1
  const isDescribed = read(1) === 1
  const [primaries, transfer, matrix] = isDescribed ? [read(8), read(8), read(8)] : [2, 2, 2]
  // For sRGB without a matrix, the header has no more colour fields.
  const isRgb = !isMonochrome && primaries === 1 && transfer === 13 && matrix === 0
  return { primaries, transfer, matrix, isFullRange: isRgb || read(1) === 1, isMonochrome }
}
