/** Reads `length` bytes from a position; fewer at the end of the file. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>

export interface Box {
  type: string
  data: Buffer
}

/** The description of the items that a HEIF file (AVIF, HEIC) consists of. */
export interface HeifItems {
  primary: number
  /** The properties that are associated with an item. */
  propertiesOf(item: number): Box[]
  /** The items that refer to this item with this type of reference, such as `auxl`. */
  referringTo(item: number, how: string): number[]
  /** The first bytes of an item; fewer if it is shorter. */
  readStart(item: number, length: number): Promise<Buffer>
}

/** Guards against files with endless boxes. */
const MAX_BOXES = 512
/** Bound of the boxes `meta` and `moov`. Most files need a few hundred bytes, with an ICC profile a few thousand. */
const MAX_META_BYTES = 4 * 1024 * 1024

const NOTHING = Buffer.alloc(0)

/** Reads the box `meta` (ISO/IEC 14496-12, 8.11); undefined if it is missing or not readable. */
export async function readHeifItems(readAt: ReadAt): Promise<HeifItems | undefined> {
  const meta = await readMeta(readAt)
  if (!meta) return undefined
  const boxes = readBoxes(meta)
  const primary = tolerant(() => {
    const data = find(boxes, 'pitm')
    return data.readUInt8(0) > 0 ? data.readUInt32BE(4) : data.readUInt16BE(4)
  })
  if (primary === undefined) return undefined
  const inside = readBoxes(find(boxes, 'iprp'))
  const properties = readBoxes(find(inside, 'ipco'))
  const associations = inside.filter(({ type }) => type === 'ipma').map(({ data }) => data)
  return {
    primary,
    propertiesOf: (item) =>
      associations
        .flatMap((data) => associatedWith(item, data))
        .map((index) => properties[index - 1])
        .filter((box) => box !== undefined),
    referringTo: (item, how) => referring(find(boxes, 'iref'), item, how),
    async readStart(item, length) {
      const place = tolerant(() => locate(find(boxes, 'iloc'), item))
      if (!place) return NOTHING
      const bytes = Math.min(length, place.length || length)
      if (place.isInside) return find(boxes, 'idat').subarray(place.offset, place.offset + bytes)
      return readAt(place.offset, bytes)
    },
  }
}

const find = (boxes: Box[], name: string): Buffer =>
  boxes.find(({ type }) => type === name)?.data ?? NOTHING

/** Undefined if the data is cut short. */
function tolerant<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Bytes of a sample entry before its boxes: ISO/IEC 14496-12, 12.1.3. */
const VISUAL_ENTRY_BYTES = 78

/**
 * Reads the properties of the frames of an animated AVIF: the boxes in the sample entry of its first track of pictures.
 * @returns none if there is no such track
 */
export async function readFrameProperties(readAt: ReadAt): Promise<Box[]> {
  const movie = await readOutermost(readAt, 'moov')
  for (const track of readBoxes(movie ?? NOTHING).filter(({ type }) => type === 'trak')) {
    const descriptions = ['mdia', 'minf', 'stbl', 'stsd'].reduce(
      (inside, name) => find(readBoxes(inside), name),
      track.data,
    )
    // Version, flags and the number of entries come first.
    const entry = find(readBoxes(descriptions.subarray(8)), 'av01')
    if (entry.length > 0) return readBoxes(entry.subarray(VISUAL_ENTRY_BYTES))
  }
  return []
}

/** Reads the box `meta`, without its version and flags. */
const readMeta = async (readAt: ReadAt) => (await readOutermost(readAt, 'meta'))?.subarray(4)

/** Finds a box among the outermost ones, and reads its content. */
async function readOutermost(readAt: ReadAt, name: string): Promise<Buffer | undefined> {
  for (let at = 0, count = 0; count < MAX_BOXES; count++) {
    const head = await readAt(at, 16)
    if (head.length < 8) return undefined
    const { size, headerBytes } = readSize(head)
    if (head.toString('latin1', 4, 8) === name) {
      // Size 0 marks the last box, which ends with the file.
      const length = Math.min(size || MAX_META_BYTES, MAX_META_BYTES)
      return (await readAt(at, length)).subarray(headerBytes)
    }
    if (size < headerBytes) return undefined
    at += size
  }
  return undefined
}

function readSize(head: Buffer): { size: number; headerBytes: number } {
  const size = head.readUInt32BE(0)
  if (size !== 1 || head.length < 16) return { size, headerBytes: 8 }
  return { size: Number(head.readBigUInt64BE(8)), headerBytes: 16 }
}

/** Reads consecutive boxes. Stops at a box that is cut short or has an impossible size. */
function readBoxes(bytes: Buffer): Box[] {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= bytes.length && boxes.length < MAX_BOXES; ) {
    const rest = bytes.subarray(at)
    const { size, headerBytes } = readSize(rest)
    const end = size === 0 ? rest.length : size
    if (end < headerBytes || end > rest.length) break
    boxes.push({ type: rest.toString('latin1', 4, 8), data: rest.subarray(headerBytes, end) })
    at += end
  }
  return boxes
}

/** The indices of an item's properties, from 1 on: `ipma`, ISO/IEC 14496-12, 8.11.14. */
function associatedWith(item: number, data: Buffer): number[] {
  const found: number[] = []
  tolerant(() => {
    const [isLongId, isLongIndex] = [data.readUInt8(0) > 0, (data.readUInt8(3) & 1) === 1]
    let at = 8
    for (let items = data.readUInt32BE(4); items > 0; items--) {
      const id = isLongId ? data.readUInt32BE(at) : data.readUInt16BE(at)
      at += isLongId ? 4 : 2
      const count = data.readUInt8(at)
      at += 1
      for (let index = 0; index < count; index++) {
        // The first bit says whether a reader must understand the property.
        const value = isLongIndex ? data.readUInt16BE(at) & 0x7fff : data.readUInt8(at) & 0x7f
        at += isLongIndex ? 2 : 1
        if (id === item) found.push(value)
      }
    }
  })
  return found
}

/** `iref`, ISO/IEC 14496-12, 8.11.12. */
function referring(data: Buffer, item: number, how: string): number[] {
  const isLong = data.length > 0 && data.readUInt8(0) > 0
  const [bytes, read] = isLong
    ? [4, (from: Buffer, at: number) => from.readUInt32BE(at)]
    : [2, (from: Buffer, at: number) => from.readUInt16BE(at)]
  return readBoxes(data.subarray(4)).flatMap(({ type, data: reference }) => {
    const from = tolerant(() => {
      const count = reference.readUInt16BE(bytes)
      const targets = Array.from({ length: count }, (_, index) =>
        read(reference, bytes + 2 + index * bytes),
      )
      return targets.includes(item) ? read(reference, 0) : undefined
    })
    return type === how && from !== undefined ? [from] : []
  })
}

interface Place {
  /** From the start of the file, or within the box `idat`. */
  offset: number
  length: number
  isInside: boolean
}

/** The first extent of an item: `iloc`, ISO/IEC 14496-12, 8.11.3. */
function locate(data: Buffer, wanted: number): Place | undefined {
  const version = data.readUInt8(0)
  const sizes = data.readUInt16BE(4)
  const [offsetBytes, lengthBytes, baseBytes, indexBytes] = [12, 8, 4, 0].map(
    (shift) => (sizes >> shift) & 0xf,
  )
  let at = 6
  const next = (bytes = 0): number => {
    if (bytes === 0) return 0
    if (bytes !== 2 && bytes !== 4 && bytes !== 8) throw new RangeError('Not the size of a number')
    at += bytes
    if (bytes === 8) return Number(data.readBigUInt64BE(at - 8))
    return bytes === 4 ? data.readUInt32BE(at - 4) : data.readUInt16BE(at - 2)
  }
  for (let items = next(version < 2 ? 2 : 4); items > 0; items--) {
    const item = next(version < 2 ? 2 : 4)
    const method = version === 0 ? 0 : next(2) & 0xf
    next(2)
    const base = next(baseBytes)
    const extents = next(2)
    for (let extent = 0; extent < extents; extent++) {
      if (version > 0) next(indexBytes)
      const offset = base + next(offsetBytes)
      const length = next(lengthBytes)
      if (item === wanted && method < 2) return { offset, length, isInside: method === 1 }
    }
  }
  return undefined
}
