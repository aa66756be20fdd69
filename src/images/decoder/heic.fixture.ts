/** Puts HEIF files together from the HEVC pictures of another, so that tests can say how they lie in it. */
import { readFixture } from '../../../test/fixtures.ts'

export interface HeifItem {
  type: 'hvc1' | 'grid'
  data: Buffer
  /** Boxes that describe the item. */
  properties: Buffer[]
  /** The items that it is put together from, from 1 on. */
  tiles?: number[]
}

export function box(type: string, ...parts: Buffer[]): Buffer {
  const data = Buffer.concat(parts)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + data.length, 0)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, data])
}

/** A box with a version and flags. */
const fullBox = (type: string, version: number, ...parts: Buffer[]): Buffer =>
  box(type, Buffer.from([version, 0, 0, 0]), ...parts)

const text = (value: string) => Buffer.from(value, 'latin1')
export const uint8 = (...values: number[]) => Buffer.from(values)
const uint16 = (...values: number[]) =>
  Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])))
export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4)
  return bytes
}

export const ispe = (width: number, height: number) => fullBox('ispe', 0, uint32(width, height))
/** Turns by this many quarters against the clock. */
export const irot = (quarters: number) => box('irot', uint8(quarters))
/** 1 changes left and right, 0 above and below. */
export const imir = (axis: number) => box('imir', uint8(axis))
/** Crops to a size, with the offset of its middle from that of the picture. */
export const clap = (width: number, height: number, right: number, down: number) =>
  box('clap', uint32(width, 1, height, 1, right, 1, down, 1))
export const colr = (kind: string, data: Buffer) => box('colr', text(kind), data)

/** The picture of a file with one, and what describes how it is compressed. */
export function pictureOf(name: string): { data: Buffer; configuration: Buffer } {
  const file = readFixture(name)
  const at = file.indexOf('hvcC') - 4
  const start = file.indexOf('mdat') + 4
  return {
    configuration: file.subarray(at, at + file.readUInt32BE(at)),
    data: file.subarray(start, start - 8 + file.readUInt32BE(start - 8)),
  }
}

/** @param primary the item that is shown, from 1 on */
export function makeHeic(items: readonly HeifItem[], primary: number): Buffer {
  const ftyp = box('ftyp', text('heic'), uint32(0), text('mif1heic'))
  const properties = items.flatMap((item) => item.properties)
  let index = 0
  const associations = items.map((item, number) =>
    Buffer.concat([
      uint16(number + 1),
      uint8(item.properties.length),
      // The first bit says that a reader must understand the property.
      ...item.properties.map(() => uint8(0x80 | ++index)),
    ]),
  )
  const references = items.flatMap(({ tiles }, number) =>
    tiles ? [box('dimg', uint16(number + 1, tiles.length, ...tiles))] : [],
  )
  const metaOf = (start: number) => {
    let at = start
    const places = items.map(({ data }, number) => {
      const place = Buffer.concat([uint16(number + 1, 0, 1), uint32(at, data.length)])
      at += data.length
      return place
    })
    const infos = items.map(({ type }, number) =>
      fullBox('infe', 2, uint16(number + 1, 0), text(`${type}\0`)),
    )
    return fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, uint32(0), text('pict'), Buffer.alloc(13)),
      fullBox('pitm', 0, uint16(primary)),
      fullBox('iloc', 0, uint8(0x44, 0), uint16(items.length), ...places),
      fullBox('iinf', 0, uint16(items.length), ...infos),
      box(
        'iprp',
        box('ipco', ...properties),
        fullBox('ipma', 0, uint32(items.length), ...associations),
      ),
      ...(references.length > 0 ? [fullBox('iref', 0, ...references)] : []),
    )
  }
  // The description says where the data is, and has the same length wherever that is.
  const start = ftyp.length + metaOf(0).length + 8
  return Buffer.concat([ftyp, metaOf(start), box('mdat', ...items.map(({ data }) => data))])
}
