/** Hostile files: each is a known kind of attack on programs that read images. */
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import {
  appendZip,
  cutShort,
  makeAnimatedPng,
  makeAnimatedWebp,
  makeAvif,
  makeBmp,
  makeClaimingPng,
  makeGif,
  makeGifBomb,
  makeHeicHeader,
  makeHtml,
  makeJpeg,
  makePng,
  makeTiff,
  makeWebp,
  readFixture,
} from '../fixtures.ts'
import { makeCircles, makeDrawings, svg } from './drawings.ts'
import type { Specimen } from './mutate.ts'
import { jpegSegment, pngChunk, riffChunk, riffFile, split } from './pieces.ts'
import { createRandom } from './random.ts'

/**
 * Whether the file must be refused or accepted. It is accepted if its pixels are whole, whatever is
 * attached.
 */
type Verdict = 'refused' | 'accepted' | 'either'

export interface MadeSpecimen extends Specimen {
  verdict: Verdict
}

const MEBIBYTE = 1024 * 1024
const SCRIPT = '<script>alert(document.domain)</script>'
const garbage = createRandom(7)

const text = (content: string) => Buffer.from(content, 'latin1')

/** Inserts pieces into a file after its first ones. */
function graft(
  container: Parameters<typeof split>[0],
  file: Buffer,
  behind: number,
  more: readonly Buffer[],
): Buffer {
  const pieces = split(container, file)
  return Buffer.concat([...pieces.slice(0, behind), ...more, ...pieces.slice(behind)])
}

/** Changes the size in the header, but not the data. */
function claim(file: Buffer, at: number, size: Buffer): Buffer {
  const claiming = Buffer.from(file)
  size.copy(claiming, at)
  return claiming
}

const EXIF = text('Exif\0\0')

/** An EXIF block whose only directory names itself as the next one. */
const endlessDirectories = () =>
  Buffer.concat([EXIF, text('MM\0*\0\0\0\x08\0\0\0\0\0\x08'), Buffer.alloc(16)])

/** EXIF with an orientation that does not exist. */
const impossibleOrientation = () =>
  Buffer.concat([EXIF, text('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\xff\xff\0\0\0\0\0\0')])

/** Changes the frames and not the screen: decoders ignore the size of a screen that no frame fills. */
const enlargeFrames = (gif: Buffer) =>
  Buffer.concat(
    split('gif', gif).map((piece) =>
      piece[0] === 0x2c ? claim(piece, 5, Buffer.alloc(4, 0xff)) : piece,
    ),
  )

async function gigapixels(): Promise<MadeSpecimen[]> {
  const jpeg = await makeJpeg()
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  const webp = await makeWebp()
  const canvas = riffChunk('VP8X', Buffer.from([0, 0, 0, 0, 255, 255, 255, 255, 255, 255]))
  const avif = await makeAvif()
  const extent = avif.indexOf('ispe', 0, 'latin1') + 8
  const huge = Buffer.alloc(8, 0x3f)
  return [
    { name: 'PNG of 25 megapixels without data', bytes: makeClaimingPng() },
    { name: 'PNG of 4 exapixels', bytes: makeClaimingPng(0x7fffffff, 0x7fffffff) },
    { name: 'PNG of a billion columns', bytes: makeClaimingPng(1_000_000_000, 1) },
    { name: 'PNG of no pixels', bytes: makeClaimingPng(0, 0) },
    { name: 'JPEG of 4 gigapixels', bytes: claim(jpeg, frame + 5, Buffer.alloc(4, 0xff)) },
    { name: 'JPEG of no lines', bytes: claim(jpeg, frame + 5, Buffer.alloc(2)) },
    { name: 'GIF of 4 gigapixels', bytes: enlargeFrames(await makeGif()) },
    { name: 'WebP with a canvas of 280 terapixels', bytes: riffFile([canvas, webp.subarray(12)]) },
    { name: 'AVIF of an exapixel', bytes: claim(avif, extent, huge) },
  ].map((specimen) => ({ ...specimen, verdict: 'refused' as const }))
}

async function animations(): Promise<MadeSpecimen[]> {
  const webp = await makeAnimatedWebp(2, { width: 16, height: 16 })
  const chunks = split('webp', webp).slice(1)
  const frame = chunks.findLast((chunk) => chunk.toString('latin1', 0, 4) === 'ANMF')
  const frames = new Array(5000).fill(frame ?? Buffer.of())
  const canvas = chunks.map((chunk) =>
    chunk.toString('latin1', 0, 4) === 'VP8X' ? claim(chunk, 12, Buffer.alloc(6, 0x3f)) : chunk,
  )
  return [
    { name: 'GIF of 40,000 frames', bytes: makeGifBomb(), verdict: 'refused' },
    {
      name: 'GIF of 999 frames of 4 gigapixels',
      bytes: enlargeFrames(makeGifBomb(999)),
      verdict: 'refused',
    },
    { name: 'WebP of 5,000 frames', bytes: riffFile([...chunks, ...frames]), verdict: 'refused' },
    { name: 'WebP animation on 17 terapixels', bytes: riffFile(canvas), verdict: 'refused' },
    {
      name: 'WebP animation whose frame holds itself',
      bytes: riffFile([
        ...chunks.slice(0, -1),
        riffChunk('ANMF', Buffer.concat(frames.slice(0, 9))),
      ]),
      verdict: 'either',
    },
  ]
}

async function polyglots(): Promise<MadeSpecimen[]> {
  const jpeg = await makeJpeg()
  const gif = await makeGif()
  const html = text(`--><!doctype html><html><body>${SCRIPT}</body></html><!--`)
  // `GIF89a/*` … `*/=1;alert(1)` is JavaScript; the slash makes the screen 10799 pixels wide.
  const javaScript = Buffer.concat([claim(gif, 6, text('/*')), text('*/=1;alert(document.domain)')])
  return [
    {
      name: 'JPEG and HTML',
      bytes: graft('jpeg', jpeg, 1, [jpegSegment(0xfe, html)]),
      verdict: 'accepted',
    },
    {
      name: 'JPEG with HTML behind it',
      bytes: Buffer.concat([jpeg, html]),
      verdict: 'accepted',
    },
    { name: 'GIF and JavaScript', bytes: javaScript, verdict: 'either' },
    { name: 'PNG and ZIP', bytes: appendZip(await makePng()), verdict: 'accepted' },
    {
      name: 'PNG and PHP',
      bytes: graft('png', await makePng(), 2, [pngChunk('tEXt', text('a\0<?php echo 1; ?>'))]),
      verdict: 'accepted',
    },
    { name: 'HTML and JPEG', bytes: Buffer.concat([makeHtml(), jpeg]), verdict: 'refused' },
    { name: 'PDF and JPEG', bytes: Buffer.concat([text('%PDF-1.7\n'), jpeg]), verdict: 'refused' },
  ]
}

/** The attack sends all files with the name and type of an image. The bytes decide. */
async function impostors(): Promise<MadeSpecimen[]> {
  const entity = '<!ENTITY a "&b;&b;"><!ENTITY b "&a;&a;">'
  return [
    {
      name: 'SVG that unfolds and reads files',
      bytes: text(
        `<?xml version="1.0"?><!DOCTYPE svg [${entity}<!ENTITY f SYSTEM "file:///etc/passwd">]>` +
          '<svg xmlns="http://www.w3.org/2000/svg"><text>&a;&f;</text></svg>',
      ),
    },
    { name: 'HTML', bytes: makeHtml() },
    { name: 'the head of a HEIC', bytes: makeHeicHeader() },
    { name: 'PostScript', bytes: text('%!PS-Adobe-3.0\n(%pipe%id) (r) file\nshowpage\n') },
    {
      name: 'an MVG',
      bytes: text("push graphic-context\nimage over 0,0 0,0 'https://a.invalid/'"),
    },
    { name: 'a PNM of 100 gigapixels', bytes: text('P6 999999 99999 255\n') },
    { name: 'a path', bytes: text('../../../../etc/passwd') },
    { name: 'the option of a loader', bytes: text('a.png[n=-1,unlimited=true]') },
    { name: 'zeros', bytes: Buffer.alloc(100_000) },
    { name: 'one byte', bytes: Buffer.of(0xff) },
    { name: 'the signature of a PNG', bytes: Buffer.from('89504e470d0a1a0a', 'hex') },
    { name: 'the first bytes of a JPEG', bytes: Buffer.from('ffd8ff', 'hex') },
  ].map((specimen) => ({ ...specimen, verdict: 'refused' as const }))
}

async function metadata(): Promise<MadeSpecimen[]> {
  const jpeg = await makeJpeg()
  const png = await makePng()
  const webp = await makeWebp()
  const inJpeg = (...segments: Buffer[]) => graft('jpeg', jpeg, 1, segments)
  const inPng = (...chunks: Buffer[]) => graft('png', png, 2, chunks)
  const profile = (bytes: Buffer) => Buffer.concat([text('ICC_PROFILE\0\x01\x01'), bytes])
  const bomb = deflateSync(Buffer.alloc(50 * MEBIBYTE))
  const inWebp = (flags: number, ...chunks: Buffer[]) =>
    riffFile([
      riffChunk('VP8X', Buffer.from([flags, 0, 0, 0, 63, 0, 0, 47, 0, 0])),
      ...chunks,
      webp.subarray(12),
    ])
  const hidden = text(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${SCRIPT}</x:xmpmeta>`)
  return [
    ['EXIF of garbage', inJpeg(jpegSegment(0xe1, Buffer.concat([EXIF, garbage.bytes(5000)])))],
    ['EXIF without an end', inJpeg(jpegSegment(0xe1, endlessDirectories()))],
    ['EXIF of an impossible orientation', inJpeg(jpegSegment(0xe1, impossibleOrientation()))],
    [
      'EXIF a hundred times over',
      inJpeg(
        ...new Array(100).fill(jpegSegment(0xe1, Buffer.concat([EXIF, Buffer.alloc(65_000)]))),
      ),
    ],
    ['ICC of garbage', inJpeg(jpegSegment(0xe2, profile(garbage.bytes(3000))))],
    [
      'ICC in 255 parts of which one comes',
      inJpeg(jpegSegment(0xe2, Buffer.concat([text('ICC_PROFILE\0\xff\xff'), Buffer.alloc(999)]))),
    ],
    ['comments without end', inJpeg(...new Array(2000).fill(jpegSegment(0xfe, hidden)))],
    ['PNG text that unfolds', inPng(pngChunk('zTXt', Buffer.concat([text('a\0\0'), bomb])))],
    ['PNG profile that unfolds', inPng(pngChunk('iCCP', Buffer.concat([text('a\0\0'), bomb])))],
    ['PNG text of 8 MiB', inPng(pngChunk('tEXt', Buffer.alloc(8 * MEBIBYTE, 'a\0')))],
    ['20,000 PNG texts', inPng(...new Array(20_000).fill(pngChunk('tEXt', text('a\0b'))))],
    ['PNG EXIF of garbage', inPng(pngChunk('eXIf', garbage.bytes(5000)))],
    [
      'PNG XMP with a script',
      inPng(pngChunk('iTXt', Buffer.concat([text('XML:com.adobe.xmp\0\0\0\0\0'), hidden]))),
    ],
    [
      'PNG that is turned into an animation without frames',
      inPng(pngChunk('acTL', Buffer.alloc(8))),
    ],
    ['APNG of 4 billion frames', inPng(pngChunk('acTL', Buffer.alloc(8, 0xff)))],
    ['APNG', await makeAnimatedPng()],
    ['PNG with two headers', inPng(...split('png', await makePng({ seed: 2 })).slice(1, 2))],
    ['PNG with an unknown critical chunk', inPng(pngChunk('EVIL', Buffer.alloc(9)))],
    ['WebP EXIF of garbage', inWebp(0x08, riffChunk('EXIF', garbage.bytes(5000)))],
    ['WebP XMP with a script', inWebp(0x04, riffChunk('XMP ', hidden))],
    ['WebP profile of garbage', inWebp(0x20, riffChunk('ICCP', garbage.bytes(3000)))],
    ['WebP that promises what does not come', inWebp(0x3e)],
    ['WebP with unknown chunks', inWebp(0, riffChunk('EVIL', Buffer.alloc(100_000)))],
  ].map(([name, bytes]) => ({
    name: String(name),
    bytes: Buffer.from(bytes ?? ''),
    verdict: 'either',
  }))
}

async function damaged(): Promise<MadeSpecimen[]> {
  const flat = (size: number) =>
    sharp({ create: { width: size, height: size, channels: 3, background: '#468' } })
  // One colour, so that a scan has few bytes and still covers every block.
  const scans = split('jpeg', await flat(3000).jpeg({ progressive: true }).toBuffer())
  const last = scans.findLast((piece) => piece[1] === 0xda) ?? Buffer.of()
  const png = await makePng()
  const wrong = (at: number) => claim(png, at, Buffer.from([(png[at] ?? 0) ^ 1]))
  const deep = await flat(3000).png({ compressionLevel: 9 }).toBuffer()
  return [
    {
      name: 'JPEG of 3,000 scans',
      bytes: Buffer.concat([
        ...scans.slice(0, -1),
        ...new Array(3000).fill(last),
        ...scans.slice(-1),
      ]),
      verdict: 'either',
    },
    { name: 'PNG with a wrong checksum of its header', bytes: wrong(29), verdict: 'refused' },
    {
      name: 'PNG with a wrong checksum of its end',
      bytes: wrong(png.length - 1),
      verdict: 'either',
    },
    { name: 'PNG that unfolds a thousandfold, cut', bytes: cutShort(deep), verdict: 'refused' },
    ...(await Promise.all(
      Object.entries({
        JPEG: makeJpeg,
        PNG: makePng,
        WebP: makeWebp,
        GIF: makeGif,
        AVIF: makeAvif,
        TIFF: makeTiff,
        BMP: makeBmp,
      }).map(async ([name, make]) => ({
        name: `half of a ${name}`,
        bytes: cutShort(await make({ width: 300, height: 300 })),
        verdict: 'refused' as const,
      })),
    )),
  ]
}

/** Files of formats whose decoder needs a process for each file. */
async function foreign(): Promise<MadeSpecimen[]> {
  const heic = readFixture('quarters.heic')
  const script = '<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>'
  return [
    {
      name: 'SVG with scripts',
      bytes: svg(`<rect width="9" height="9" onload="alert(1)"/>${SCRIPT}`),
      verdict: 'accepted',
    },
    {
      name: 'SVG that reads files and the network',
      bytes: svg(
        '<image width="9" height="9" href="file:///etc/passwd"/><image width="9" height="9" href="http://127.0.0.1:1/"/>',
      ),
      verdict: 'accepted',
    },
    {
      name: 'SVG of circles',
      bytes: svg(Object.values(makeCircles()).join('')),
      verdict: 'accepted',
    },
    { name: 'SVG of 1e30 pixels', bytes: svg('', 'width="1e30" height="1e30"'), verdict: 'either' },
    {
      name: 'BMP of 4 exapixels',
      bytes: claim(await makeBmp(), 18, Buffer.from('ffffff7fffffff7f', 'hex')),
      verdict: 'refused',
    },
    {
      name: 'HEIC of an exapixel',
      bytes: claim(heic, heic.indexOf('ispe') + 8, Buffer.alloc(8, 0x3f)),
      verdict: 'refused',
    },
    {
      name: 'a script of ImageMagick that begins like a BMP',
      bytes: text(`BM${' '.repeat(12)}\x28\0\0\0${script}`),
      verdict: 'refused',
    },
  ]
}

/** More of them, of which some take all the time and memory that they get. */
export async function makeSlowSpecimens(): Promise<MadeSpecimen[]> {
  const bmp = await makeBmp()
  const avif = readFixture('red-green-blue.avif')
  const heic = readFixture('quarters.heic')
  const others: Readonly<Record<string, Buffer>> = {
    'BMP of no pixels': claim(bmp, 18, Buffer.alloc(8)),
    'BMP whose pixels begin behind its end': claim(bmp, 10, Buffer.alloc(4, 0x7f)),
    'animated AVIF of an exapixel': claim(avif, avif.indexOf('ispe') + 8, Buffer.alloc(8, 0x3f)),
    'HEIC without its pictures': heic.subarray(0, heic.indexOf('mdat') - 4),
    'JPEG XL without pixels': text('\xff\x0a'),
    'JPEG XL of zeros': Buffer.concat([text('\xff\x0a'), Buffer.alloc(9999)]),
  }
  return [
    ...Object.entries(makeDrawings()).map(([name, bytes]) => ({ name: `SVG: ${name}`, bytes })),
    ...Object.entries(others).map(([name, bytes]) => ({ name, bytes })),
  ].map((specimen) => ({ ...specimen, verdict: 'either' as const }))
}

export async function makeSpecimens(): Promise<MadeSpecimen[]> {
  const kinds = [gigapixels, animations, polyglots, impostors, foreign, metadata, damaged]
  return (await Promise.all(kinds.map((make) => make()))).flat()
}
