import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeTiff } from '../../../test/fixtures.ts'
import type { Format } from '../formats.ts'
import { refusalOfUnknown } from './refuse-unknown.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-identify-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function detailOf(bytes: Buffer, formats = FEW): Promise<string> {
  const path = join(folder, 'file')
  await writeFile(path, bytes)
  return (await refusalOfUnknown(path, formats)).detail
}

/** So that everything else is named. */
const FEW: readonly Format[] = ['jpeg', 'png', 'avif']

const latin = (text: string) => Buffer.from(text, 'latin1')

/** A file with the box of brands, and other bytes after it. */
function isoFile(major: string, compatible: string[] = [], behind = '') {
  const size = 16 + 4 * compatible.length
  return latin(
    `\0\0\0${String.fromCharCode(size)}ftyp${major}\0\0\0\0${compatible.join('')}${behind}`,
  )
}

/** The start of the box `meta` in a file that holds pictures. */
const PICTURES = '\0\0\0\x40meta\0\0\0\0\0\0\0\x20hdlr\0\0\0\0\0\0\0\0pict'

it.each<[string, Buffer, string]>([
  ['heic', isoFile('heic', ['mif1', 'heic']), 'a HEIC image (image/heic)'],
  ['heix', isoFile('heix', ['mif1']), 'a HEIC image (image/heic)'],
  ['mif1 of HEIC', isoFile('mif1', ['mif1', 'heic']), 'a HEIC image (image/heic)'],
  ['msf1 of HEIC', isoFile('msf1', ['msf1', 'hevc']), 'a HEIC sequence (image/heic-sequence)'],
  ['another major brand', isoFile('mp42', ['heic'], PICTURES), 'a HEIC image (image/heic)'],
  ['no brand, but the content', isoFile('mif1', [], `${PICTURES}hvcC`), 'a HEIC image'],
  ['an unknown codec', isoFile('mif1', ['miaf']), 'a HEIF image (image/heif)'],
  ['avis', isoFile('avis', ['avif', 'msf1']), 'an animated AVIF (image/avif-sequence)'],
  ['msf1 of AVIF', isoFile('msf1', ['avis', 'avif']), 'an animated AVIF'],
  ['crx', isoFile('crx ', ['crx ', 'isom']), 'a raw image of a Canon camera (CR3)'],
  ['MP4', isoFile('isom', ['isom', 'iso2', 'avc1', 'mp41']), 'an MP4 video (video/mp4)'],
  ['an MP4 with a still image', isoFile('mp42', ['mp42', 'heic']), 'an MP4 video (video/mp4)'],
  ['3GPP', isoFile('3gp5'), 'a 3GPP video'],
  ['MOV', isoFile('qt  '), 'a QuickTime video (video/quicktime)'],
  ['sound', isoFile('M4A ', ['mp42']), 'an MP4 sound'],
])('names a file of boxes by its brands: %s', async (_, bytes, expected) => {
  expect(await detailOf(bytes)).toContain(`The file is ${expected}`)
})

it.each(['avif', 'mif1'])('reports %s of AVIF as damaged', async (major) => {
  expect(await detailOf(isoFile(major, ['avif', 'miaf']))).toMatch(/^The AVIF image cannot be read/)
})

type Field = [tag: number, type: number, value: number | string]

/** A TIFF in either byte order. Every further directory is a sub-directory of the first. */
function tiff(order: 'II' | 'MM', ...directories: Field[][]): Buffer {
  const [first = [], ...others] = directories
  const starts: number[] = []
  const bytes = Buffer.alloc(1024)
  const short = (value: number, at: number) =>
    order === 'II' ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at)
  const long = (value: number, at: number) =>
    order === 'II' ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at)
  let free = 8 + 2 + (first.length + 1) * 12 + 4
  for (const fields of others) {
    starts.push(free)
    free += 2 + fields.length * 12 + 4
  }
  const list = free
  free += 4 * starts.length
  for (const [index, start] of starts.entries()) long(start, list + 4 * index)
  const write = (fields: Field[], at: number) => {
    short(fields.length, at)
    for (const [index, [tag, type, value]] of fields.entries()) {
      const entry = at + 2 + 12 * index
      short(tag, entry)
      short(type, entry + 2)
      long(typeof value === 'string' ? value.length : tag === 330 ? starts.length : 1, entry + 4)
      if (typeof value === 'string') {
        bytes.write(value, free, 'latin1')
        long(free, entry + 8)
        free += value.length
      } else if (type === 3) short(value, entry + 8)
      else long(value, entry + 8)
    }
  }
  bytes.write(order, 0)
  short(42, 2)
  long(8, 4)
  const links: Field[] =
    starts.length > 0 ? [[330, 4, starts.length === 1 ? Number(starts[0]) : list]] : []
  write([...first, ...links], 8)
  for (const [index, fields] of others.entries()) write(fields, starts[index] ?? 0)
  return bytes
}

const preview: Field[] = [[259, 3, 6]]
const mosaic: Field[] = [[262, 3, 32803]]
const make = (name: string): Field[] => [[271, 2, `${name}\0`]]

it.each<[string, Buffer, string]>([
  ['II', tiff('II', [[259, 3, 1]]), 'a TIFF image (image/tiff)'],
  ['MM', tiff('MM', [[259, 3, 5]]), 'a TIFF image (image/tiff)'],
  ['of a Nikon', tiff('MM', make('NIKON CORPORATION')), 'a TIFF image (image/tiff)'],
  ['of a Sony with a preview', tiff('II', make('SONY'), preview), 'a TIFF image (image/tiff)'],
  ['BigTIFF', latin('II+\0\x08\0\0\0'), 'a TIFF image (image/tiff)'],
  ['NEF', tiff('MM', make('NIKON CORPORATION'), preview, mosaic), 'a Nikon camera (NEF)'],
  ['NEF by its compression', tiff('II', make('NIKON'), [[259, 3, 34713]]), 'a Nikon camera (NEF)'],
  ['ARW', tiff('II', make('SONY'), mosaic), 'a Sony camera (ARW)'],
  ['DNG', tiff('II', [...make('SONY'), [50706, 1, 1]], mosaic), 'a raw image (DNG)'],
  ['of an unknown maker', tiff('II', make('Somebody'), mosaic), 'a raw image of a camera'],
  ['CR2', latin('II*\0\x10\0\0\0CR\x02\0'), 'a Canon camera (CR2)'],
  ['ORF', latin('IIRO\x08\0\0\0'), 'an Olympus camera (ORF)'],
  ['RW2', latin('IIU\0\x18\0\0\0'), 'a Panasonic camera (RW2)'],
  ['a cycle of directories', tiff('II', [[330, 4, 8]]), 'a TIFF image (image/tiff)'],
])('distinguishes a TIFF from raw images by its content: %s', async (_, bytes, expected) => {
  expect(await detailOf(bytes)).toContain(expected)
})

it('names a TIFF of a camera as a TIFF', async () => {
  expect(await detailOf(await makeTiff())).toContain('a TIFF image')
})

it.each<[string, string, string]>([
  ['JPEG XL', '\xff\x0a\xfa\x1f', 'a JPEG XL image'],
  ['JPEG XL in a container', '\0\0\0\x0cJXL \r\n\x87\n', 'a JPEG XL image'],
  ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n', 'a JPEG 2000 image'],
  ['JPEG 2000 alone', '\xff\x4f\xff\x51\0\x2f', 'a JPEG 2000 image'],
  ['BMP', `BM${'\0'.repeat(12)}\x28\0\0\0${'\0'.repeat(36)}`, 'a Windows bitmap (BMP)'],
  ['text that begins like a BMP', 'BMW makes cars, and text makes no bitmap', 'plain text'],
  ['ICO', '\0\0\x01\0\x01\0\x10\x10', 'an icon (ICO)'],
  ['PSD', `8BPS\0\x01${'\0'.repeat(20)}`, 'a Photoshop document (PSD)'],
  ['PDF', '%PDF-1.7\n%\xff\xff\n', 'a PDF or Illustrator document (application/pdf)'],
  ['AVI', 'RIFF\x24\0\0\0AVI LIST', 'an AVI video'],
  ['WAV', 'RIFF\x24\0\0\0WAVEfmt ', 'a WAV sound'],
  ['ZIP', `PK\x03\x04\x14${'\0'.repeat(30)}`, 'application/zip'],
  ['Netpbm', 'P6\n3 2\n255\n', 'a Netpbm image'],
])('names %s by its signature', async (_, text, expected) => {
  const detail = await detailOf(latin(text))
  expect(detail).toContain(`The file is `)
  expect(detail).toContain(expected)
  expect(detail).toContain('JPEG, PNG and AVIF images are accepted')
})

const drawing = '<svg xmlns="http://www.w3.org/2000/svg"/>'
const entities = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x" [<!ENTITY a "<b>">]>'
it.each<[string, Buffer, string]>([
  ['SVG', Buffer.from(drawing), 'an SVG drawing'],
  ['SVG with a byte order mark', Buffer.from(`\ufeff${drawing}`), 'an SVG drawing'],
  ['SVG in UTF-16', Buffer.from(`\ufeff${drawing}`, 'utf16le'), 'an SVG drawing'],
  ['SVG in Latin-1', latin(`<?xml version="1.0"?><!-- \xfc -->${drawing}`), 'an SVG drawing'],
  ['SVG after a long comment', Buffer.from(`<!--${' x'.repeat(9000)}-->${drawing}`), 'an SVG'],
  ['SVG after a doctype', Buffer.from(`<?xml?>\n<!-- a -->${entities}\n${drawing}`), 'an SVG'],
  ['SVG with a prefix', Buffer.from('<s:svg xmlns:s="http://www.w3.org/2000/svg"/>'), 'an SVG'],
  ['HTML', Buffer.from('<!-- x --><!DOCTYPE html>\n<html>'), 'an HTML page'],
  ['HTML that holds a drawing', Buffer.from(`<body>${drawing}</body>`), 'an HTML page'],
  ['other XML', Buffer.from('<?xml version="1.0"?><plist/>'), 'an XML document'],
  ['text that mentions <svg>', Buffer.from('How to write <svg> by hand'), 'plain text'],
])('names %s by its first element', async (_, bytes, expected) => {
  expect(await detailOf(bytes)).toContain(`The file is ${expected}`)
})
