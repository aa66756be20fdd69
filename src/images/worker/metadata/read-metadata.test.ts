import { mkdtemp, readFile as readText, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Exiftool, findExiftool, startExiftool } from '../../../../test/exiftool.ts'
import {
  makeAvif,
  makeGif,
  makeJpeg,
  makePhonePhoto,
  makePng,
  makeWebp,
  readFixture,
} from '../../../../test/fixtures.ts'
import { pngChunk } from '../../../../test/hostile/pieces.ts'
import type { FileMetadata } from '../../file-metadata.ts'
import { readHeader } from '../decode.ts'
import { createMetadataReader } from './read-metadata.ts'

const { read, readSidecar } = createMetadataReader()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-metadata-'))
})
afterAll(() => rm(folder, { recursive: true }))

let exiftool: Exiftool
let count = 0
const newPath = (extension = 'jpg') => join(folder, `${++count}.${extension}`)

async function written(bytes: Uint8Array): Promise<string> {
  const path = newPath()
  await writeFile(path, bytes)
  return path
}

const AVIF = { format: 'avif', width: 64, height: 48, frames: 1 } as const

async function readFile(path: string): Promise<FileMetadata | undefined> {
  return read(path, await readHeader(path))
}

async function readBytes(bytes: Uint8Array): Promise<FileMetadata | undefined> {
  const path = newPath()
  await writeFile(path, bytes)
  return readFile(path)
}

/** Makes a file with tags that exiftool writes. */
async function makeTagged(tags: readonly string[], extension = 'jpg', image = makeJpeg()) {
  const path = newPath(extension)
  await writeFile(path, await image)
  await exiftool.write(path, tags)
  return path
}

const readTagged = async (...tags: string[]) => readFile(await makeTagged(tags))

const XMP = [
  '-XMP-iptcCore:AltTextAccessibility=Ein Boot am Steg – „Möwe“',
  '-XMP-dc:Description=Two lines\nof text',
  '-XMP-photoshop:Credit=Agency',
  '-XMP-dc:Creator=Ann',
  '-XMP-dc:Creator=Bob',
  '-XMP-dc:Rights=© Ann',
  '-XMP-xmp:Rating=4',
  '-XMP-dc:Subject=sea',
  '-XMP-dc:Subject=日本',
  '-XMP-exif:DateTimeOriginal=2025:06:01 10:11:12+02:00',
  '-XMP-exif:GPSLatitude=-33.8568',
  '-XMP-exif:GPSLongitude=151.2153',
]
const IPTC = [
  '-IPTC:CodedCharacterSet=UTF8',
  '-IPTC:Caption-Abstract=Straße',
  '-IPTC:By-line=Cid',
  '-IPTC:CopyrightNotice=© Cid',
  '-IPTC:Keywords=street',
  '-IPTC:Keywords=été',
  '-IPTC:DateCreated=2024:02:03',
  '-IPTC:TimeCreated=04:05:06+01:00',
]
const EXIF = [
  '-EXIF:ImageDescription=A tower',
  '-EXIF:Artist=Dora',
  '-EXIF:Copyright=(c) Dora',
  '-EXIF:DateTimeOriginal=2023:12:31 23:59:58',
  '-EXIF:OffsetTimeOriginal=-03:30',
  '-EXIF:Make=Canon',
  '-EXIF:Model=Canon EOS R5',
  '-EXIF:LensModel=RF24-105mm F4 L IS USM',
  '-EXIF:ExposureTime=0.005',
  '-EXIF:FNumber=5.6',
  '-EXIF:ISO=400',
  '-EXIF:FocalLength=35',
  '-EXIF:FocalLengthIn35mmFormat=35',
  '-EXIF:Software=Firmware 1.2',
  '-EXIF:SerialNumber=0123456',
  '-EXIF:GPSLatitude=48.858333',
  '-EXIF:GPSLatitudeRef=N',
  '-EXIF:GPSLongitude=2.294444',
  '-EXIF:GPSLongitudeRef=E',
]

describe.skipIf(!findExiftool())('what a file says', () => {
  beforeAll(() => {
    exiftool = startExiftool()
  })
  afterAll(() => exiftool.stop())

  it.each([
    ['jpg', makeJpeg, { iptc: true, exif: true }],
    ['png', makePng, { iptc: false, exif: true }],
    ['webp', makeWebp, { iptc: false, exif: true }],
    ['avif', makeAvif, { iptc: false, exif: true }],
    ['gif', makeGif, { iptc: false, exif: false }],
  ] as const)('is read from %s as exiftool reads it', async (extension, make, has) => {
    const taggedWith = async (tags: readonly string[]) => {
      const path = await makeTagged(tags, extension, make())
      const told = await exiftool.read(path)
      return { told, found: await readFile(path) }
    }
    const { told: xmp, found } = await taggedWith(XMP)
    expect(found).toEqual({
      alt: xmp['XMP-iptcCore:AltTextAccessibility'],
      description: xmp['XMP-dc:Description'],
      credit: xmp['XMP-photoshop:Credit'],
      copyright: xmp['XMP-dc:Rights'],
      rating: xmp['XMP-xmp:Rating'],
      takenAt: iso(xmp['XMP-exif:DateTimeOriginal']),
      keywords: xmp['XMP-dc:Subject'],
      location: {
        lat: closeTo(xmp['XMP-exif:GPSLatitude']),
        lon: closeTo(xmp['XMP-exif:GPSLongitude']),
      },
      reveals: ['position'],
    })
    if (has.iptc) {
      const { told: iptc, found } = await taggedWith(IPTC)
      expect(found).toEqual({
        description: iptc['IPTC:Caption-Abstract'],
        credit: iptc['IPTC:By-line'],
        copyright: iptc['IPTC:CopyrightNotice'],
        keywords: iptc['IPTC:Keywords'],
        takenAt: iso(`${iptc['IPTC:DateCreated']} ${iptc['IPTC:TimeCreated']}`),
        reveals: [],
      })
    }
    if (has.exif) {
      const { told: exif, found } = await taggedWith(EXIF)
      expect(found).toEqual({
        description: exif['IFD0:ImageDescription'],
        credit: exif['IFD0:Artist'],
        copyright: exif['IFD0:Copyright'],
        takenAt: iso(`${exif['ExifIFD:DateTimeOriginal']}${exif['ExifIFD:OffsetTimeOriginal']}`),
        location: {
          lat: closeTo(exif['GPS:GPSLatitude']),
          lon: closeTo(exif['GPS:GPSLongitude']),
        },
        exif: {
          make: exif['IFD0:Make'],
          model: exif['IFD0:Model'],
          lens: exif['ExifIFD:LensModel'],
          exposureTime: exif['ExifIFD:ExposureTime'],
          fNumber: exif['ExifIFD:FNumber'],
          iso: exif['ExifIFD:ISO'],
          focalLength: exif['ExifIFD:FocalLength'],
          focalLength35: exif['ExifIFD:FocalLengthIn35mmFormat'],
          software: exif['IFD0:Software'],
        },
        reveals: ['position', 'serial'],
      })
    }
  })

  const regionsOf = (list: string, [width, height] = [64, 48]) =>
    `-XMP-mwg-rs:RegionInfo={AppliedToDimensions={W=${width},H=${height},Unit=pixel},RegionList=[${list}]}`
  const region = (type: string, x: number, y: number, more = '') =>
    `{Area={X=${x},Y=${y},W=0.1,H=0.1,Unit=normalized},Type=${type}${more}}`

  it('is read from an AVIF of any brand', async () => {
    const bytes = await readText(await makeTagged(['-EXIF:Make=Canon'], 'avif', makeAvif()))
    const animated = readFixture('red-green-blue.avif')
    expect(await read(await written(animated), AVIF)).toEqual({ reveals: [] })
    bytes.write('avis', 8, 'latin1')
    expect(await read(await written(bytes), AVIF)).toMatchObject({ exif: { make: 'Canon' } })
  })

  it('is read from a sidecar as exiftool reads it', async () => {
    const path = await makeTagged([...XMP, regionsOf(region('Focus', 0.25, 0.1))])
    await exiftool.writeSidecar(path, `${path}.xmp`)
    const xmp = await exiftool.read(`${path}.xmp`)
    const header = { ...(await readHeader(path)), orientation: 3 }
    const text = await readText(`${path}.xmp`, 'utf8')
    const found = await readSidecar(text, header)
    expect(found).toEqual({
      alt: xmp['XMP-iptcCore:AltTextAccessibility'],
      description: xmp['XMP-dc:Description'],
      credit: xmp['XMP-photoshop:Credit'],
      copyright: xmp['XMP-dc:Rights'],
      rating: xmp['XMP-xmp:Rating'],
      takenAt: iso(xmp['XMP-exif:DateTimeOriginal']),
      keywords: xmp['XMP-dc:Subject'],
      location: {
        lat: closeTo(xmp['XMP-exif:GPSLatitude']),
        lon: closeTo(xmp['XMP-exif:GPSLongitude']),
      },
      focus: { x: 0.75, y: 0.9 },
      reveals: ['position'],
    })
    // As other programs begin it.
    const document = text.slice(text.indexOf('<x:xmpmeta'), text.indexOf('<?xpacket end'))
    for (const begun of [
      document,
      `<?xml version="1.0" encoding="UTF-8"?>\n${document}`,
      `\n ${text}`,
      `<?xpacket begin="" id="W5M0"?>\n${document}`,
    ]) {
      expect(await readSidecar(begun, header)).toEqual(found)
    }
  })

  it('is read from the copies in a sidecar of what a camera wrote', async () => {
    const path = await makeTagged(EXIF)
    await exiftool.writeSidecar(path, `${path}.xmp`)
    const text = await readText(`${path}.xmp`, 'utf8')
    const [inFile, found] = [await readFile(path), await readSidecar(text, await readHeader(path))]
    const { software: _, ...camera } = inFile?.exif ?? {}
    expect(found).toMatchObject({
      exif: camera,
      location: { lat: closeTo(inFile?.location?.lat), lon: closeTo(inFile?.location?.lon) },
      reveals: ['position', 'serial'],
    })
  })

  it('is first that of XMP, then of IPTC, then of EXIF', async () => {
    expect(await readTagged(...XMP, ...IPTC, ...EXIF)).toMatchObject({
      description: 'Two lines\nof text',
      credit: 'Agency',
      copyright: '© Ann',
      takenAt: '2025-06-01T10:11:12+02:00',
      location: { lat: expect.closeTo(-33.8568, 5) },
      keywords: ['sea', '日本'],
      exif: { model: 'Canon EOS R5' },
    })
    expect(await readTagged(...IPTC, ...EXIF)).toMatchObject({
      description: 'Straße',
      credit: 'Cid',
      copyright: '© Cid',
      keywords: ['street', 'été'],
      // The camera's own time counts before the date that people give.
      takenAt: '2023-12-31T23:59:58-03:30',
    })
    expect(await readTagged('-XMP-dc:Creator=Ann', '-XMP-dc:Creator=Bob', ...IPTC)).toMatchObject({
      credit: 'Ann, Bob',
    })
    expect(await readTagged('-IPTC:Credit=Agency')).toMatchObject({ credit: 'Agency' })
  })

  it.each([
    [['-IPTC:Caption-Abstract=Grüße, Señor'], 'Grüße, Señor'],
    [['-IPTC:CodedCharacterSet=UTF8', '-IPTC:Caption-Abstract=Grüße, 東京'], 'Grüße, 東京'],
    [['-charset', 'iptc=Latin', '-IPTC:Caption-Abstract=“Fête” – 5 €'], '“Fête” – 5 €'],
    [['-EXIF:ImageDescription=Ÿ 東京 🌲'], 'Ÿ 東京 🌲'],
    [['-XMP-dc:Description-de=Turm', '-XMP-dc:Description-x-default=Tower'], 'Tower'],
    [['-XMP-dc:Description-de=Turm'], 'Turm'],
    [['-XMP-dc:Description=a < b & "c"'], 'a < b & "c"'],
  ])('%j is the text %s', async (tags, description) => {
    expect((await readTagged(...tags))?.description).toBe(description)
  })

  it.each([
    [['-EXIF:DateTimeOriginal=2023:01:02 03:04:05'], '2023-01-02T03:04:05'],
    [
      ['-EXIF:DateTimeOriginal=2023:01:02 03:04:05', '-EXIF:OffsetTimeOriginal=+05:45'],
      '2023-01-02T03:04:05+05:45',
    ],
    // Of the last change.
    [
      ['-EXIF:DateTimeOriginal=2023:01:02 03:04:05', '-EXIF:OffsetTime=+05:45'],
      '2023-01-02T03:04:05',
    ],
    [['-XMP-exif:DateTimeOriginal=2023:01:02 03:04:05.678'], '2023-01-02T03:04:05'],
    [['-XMP-exif:DateTimeOriginal=2023:01:02 03:04Z'], '2023-01-02T03:04:00Z'],
    [
      [
        '-XMP-exif:DateTimeOriginal=2023:01:02 03:04:05',
        '-EXIF:DateTimeOriginal=2023:01:02 03:04:05',
        '-EXIF:OffsetTimeOriginal=-08:00',
      ],
      '2023-01-02T03:04:05-08:00',
    ],
    [['-XMP-photoshop:DateCreated=1998:07:06 05:04:03'], '1998-07-06T05:04:03'],
    [['-XMP-photoshop:DateCreated=1998:07'], undefined],
    [['-IPTC:DateCreated=1998:07:06'], undefined],
    [['-EXIF:CreateDate=2023:01:02 03:04:05'], undefined],
  ])('%j is the time %s', async (tags, takenAt) => {
    expect((await readTagged(...tags))?.takenAt).toBe(takenAt)
  })

  it.each([
    ['N', 'E', 1, 1],
    ['N', 'W', 1, -1],
    ['S', 'E', -1, 1],
    ['S', 'W', -1, -1],
  ])('%s and %s are hemispheres', async (ns, ew, y, x) => {
    const [lat, lon] = [12.345678, 98.765432]
    const inExif = await readTagged(
      ...[`-EXIF:GPSLatitude=${lat}`, `-EXIF:GPSLatitudeRef=${ns}`],
      ...[`-EXIF:GPSLongitude=${lon}`, `-EXIF:GPSLongitudeRef=${ew}`],
    )
    const inXmp = await readTagged(
      `-XMP-exif:GPSLatitude=${lat * y}`,
      `-XMP-exif:GPSLongitude=${lon * x}`,
    )
    for (const found of [inExif, inXmp]) {
      expect(found?.location).toEqual({ lat: closeTo(lat * y), lon: closeTo(lon * x) })
    }
  })

  it('is no place without a hemisphere, and none at 0, 0', async () => {
    const zero = ['-EXIF:GPSLatitude=0', '-EXIF:GPSLatitudeRef=N']
    const parts = await readTagged('-EXIF:GPSLatitude=1', '-EXIF:GPSLongitude=2')
    expect(parts).toEqual({ reveals: ['position'] })
    expect(await readTagged(...zero, '-EXIF:GPSLongitude=0', '-EXIF:GPSLongitudeRef=E')).toEqual({
      reveals: [],
    })
  })

  it.each([
    [1, 0.25, 0.1],
    [2, 0.75, 0.1],
    [3, 0.75, 0.9],
    [4, 0.25, 0.9],
    [5, 0.1, 0.25],
    [6, 0.9, 0.25],
    [7, 0.9, 0.75],
    [8, 0.1, 0.75],
  ])('is a focus of the upright image, in orientation %d', async (orientation, x, y) => {
    const turned = `-EXIF:Orientation=${orientation}`
    const stored = await readTagged(turned, regionsOf(region('Focus', 0.25, 0.1)))
    expect(stored?.focus).toEqual({ x: expect.closeTo(x, 6), y: expect.closeTo(y, 6) })
    if (orientation < 5) return
    const upright = await readTagged(turned, regionsOf(region('Focus', x, y), [48, 64]))
    expect(upright?.focus).toEqual({ x: expect.closeTo(x, 6), y: expect.closeTo(y, 6) })
  })

  it('is a focus only if there is exactly one, and faces are told', async () => {
    const [focus, face] = [region('Focus', 0.5, 0.5), region('Face', 0.2, 0.3, ',Name=Ann')]
    expect(await readTagged(regionsOf(`${focus},${face}`))).toEqual({
      focus: { x: 0.5, y: 0.5 },
      reveals: ['faces'],
    })
    expect(await readTagged(regionsOf(`${focus},${focus}`))).toEqual({ reveals: [] })
    expect(await readTagged(regionsOf(region('Focus', 1.5, 0.5)))).toEqual({ reveals: [] })
    const unused = region('Focus', 0.1, 0.1, ',FocusUsage=EvaluatedNotUsed')
    expect(await readTagged(regionsOf(`${focus},${unused}`))).toMatchObject({
      focus: { x: 0.5, y: 0.5 },
    })
    expect(
      await readTagged('-XMP-MP:RegionInfoMP={Regions=[{Rectangle=0.1|, 0.1|, 0.2|, 0.2}]}'),
    ).toEqual({ reveals: ['faces'] })
  })

  it('tells serial numbers and places wherever they are', async () => {
    expect(await readTagged('-XMP-aux:SerialNumber=12')).toEqual({ reveals: ['serial'] })
    expect(await readTagged('-EXIF:LensSerialNumber=12')).toEqual({ reveals: ['serial'] })
    expect(
      await readTagged('-XMP-iptcExt:LocationShown={GPSLatitude=1.5,GPSLongitude=2.5}'),
    ).toEqual({ reveals: ['position'] })
  })

  it.each([
    'OLYMPUS DIGITAL CAMERA         ',
    'KONICA MINOLTA DIGITAL CAMERA',
    'SONY DSC',
    'Exif_JPEG_PICTURE',
    'DCIM\\100MEDIA\\DJI_0012.JPG',
    'Created with Adobe Photoshop',
    'oznor',
  ])('is no description if it is %j', async (text) => {
    expect(await readTagged(`-EXIF:ImageDescription=${text}`)).toEqual({ reveals: [] })
    expect(
      await readTagged(`-XMP-dc:Description=${text}`, '-IPTC:Caption-Abstract=A boat'),
    ).toEqual({ description: 'A boat', reveals: [] })
  })

  it.each(['A boy with a digital camera', 'hdr of a church', 'Sony DSC-W1 on a table'])(
    'is the description %j',
    async (text) => {
      expect((await readTagged(`-EXIF:ImageDescription=${text}`))?.description).toBe(text)
    },
  )
})

/** Seconds may have decimals in exiftool's form. */
const iso = (time: unknown) => String(time).replace(/^(\d{4}):(\d\d):(\d\d) /, '$1-$2-$3T')

const closeTo = (value: unknown) => expect.closeTo(Number(value), 5)

const packet = (inside: string) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">${inside}</rdf:Description></rdf:RDF></x:xmpmeta>`

const withXmp = async (xmp: string) =>
  sharp(await makeJpeg())
    .withXmp(xmp)
    .jpeg()
    .toBuffer()

/** A PNG with an XMP document of any length. */
async function pngWithXmp(xmp: string): Promise<Buffer> {
  const png = await makePng()
  const text = Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${xmp}`)
  return Buffer.concat([png.subarray(0, 33), pngChunk('iTXt', text), png.subarray(33)])
}

/** A JPEG with a segment of EXIF. */
async function jpegWithExif(tiff: Buffer): Promise<Buffer> {
  const jpeg = await makeJpeg()
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(tiff.length + 8, 2)
  const name = Buffer.from('Exif\0\0', 'latin1')
  return Buffer.concat([jpeg.subarray(0, 2), head, name, tiff, jpeg.subarray(2)])
}

type Entry = [tag: number, type: number, count: number, value: number]

/** A little-endian TIFF of one directory. */
function makeTiff(entries: readonly Entry[], next = 0, rest = Buffer.alloc(0)): Buffer {
  const ifd = Buffer.alloc(2 + 12 * entries.length + 4)
  ifd.writeUInt16LE(entries.length, 0)
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const at = 2 + 12 * index
    ifd.writeUInt16LE(tag, at)
    ifd.writeUInt16LE(type, at + 2)
    ifd.writeUInt32LE(count, at + 4)
    ifd.writeUInt32LE(value, at + 8)
  }
  ifd.writeUInt32LE(next, ifd.length - 4)
  return Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), ifd, rest])
}

const [ASCII, SHORT, LONG, RATIONAL] = [2, 3, 4, 5]
const [DESCRIPTION, MODEL, EXIF_IFD, GPS_IFD] = [0x010e, 0x0110, 0x8769, 0x8825]

describe('a file without metadata', () => {
  it('says nothing', async () => {
    for (const make of [makeJpeg, makePng, makeWebp, makeAvif, makeGif]) {
      expect(await readBytes(await make())).toEqual({ reveals: [] })
    }
  })
})

describe('a photograph of a phone', () => {
  it('says its place and camera', async () => {
    expect(await readBytes(await makePhonePhoto())).toEqual({
      location: { lat: 48.858333, lon: 2.294444 },
      exif: { make: 'Vitrine Test' },
      reveals: ['position'],
    })
  })
})

describe('hostile metadata', () => {
  it.each<[string, () => Promise<Buffer>]>([
    [
      'a directory that is its own next',
      () => jpegWithExif(makeTiff([[MODEL, ASCII, 4, 0x78]], 8)),
    ],
    [
      'directories that point to themselves',
      () =>
        jpegWithExif(
          makeTiff([
            [EXIF_IFD, LONG, 1, 8],
            [GPS_IFD, LONG, 1, 8],
          ]),
        ),
    ],
    [
      'values of gigabytes',
      () =>
        jpegWithExif(
          makeTiff([
            [DESCRIPTION, ASCII, 0xffffffff, 26],
            [MODEL, ASCII, 0x7fffffff, 0xfffffff0],
            [0x829a, RATIONAL, 0x20000000, 26],
          ]),
        ),
    ],
    [
      'a directory that claims the most entries',
      () => {
        const tiff = makeTiff([[MODEL, SHORT, 1, 1]])
        tiff.writeUInt16LE(0xffff, 8)
        return jpegWithExif(tiff)
      },
    ],
    [
      'thousands of tags that share one large value',
      () =>
        jpegWithExif(
          makeTiff(
            Array.from({ length: 2500 }, (): Entry => [DESCRIPTION, ASCII, 30_000, 30_100]),
            0,
            Buffer.alloc(30_200, 'x'),
          ),
        ),
    ],
    ['no directory', () => jpegWithExif(Buffer.from('II*\0\xff\xff\xff\xff', 'latin1'))],
    ['no TIFF', () => jpegWithExif(Buffer.from('nothing of the kind'))],
    [
      'entities that grow',
      () => {
        const entities = Array.from(
          { length: 20 },
          (_, index) => `<!ENTITY e${index + 1} "${`&e${index};`.repeat(10)}">`,
        )
        return withXmp(
          `<!DOCTYPE x [<!ENTITY e0 "ha">${entities.join('')}]>${packet('<dc:description>&e20;</dc:description>')}`,
        )
      },
    ],
    [
      'entities of another file',
      () =>
        withXmp(
          `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${packet('<dc:description>&e;</dc:description>')}`,
        ),
    ],
    ['XMP of 10 MB', () => pngWithXmp(packet(`<dc:a>${'<dc:b/>'.repeat(1_500_000)}</dc:a>`))],
    ['deep XMP', () => pngWithXmp(packet('<dc:a>'.repeat(50_000) + '</dc:a>'.repeat(50_000)))],
    ['XMP of many elements', () => pngWithXmp(packet(`<dc:a>${'<dc:b/>'.repeat(60_000)}</dc:a>`))],
    ['half of XMP', () => withXmp(packet('<dc:description>a').slice(0, -60))],
    ['no XML', () => withXmp('<x:xmpmeta <<<>>> &&&')],
    [
      'names of JavaScript',
      () =>
        withXmp(packet('<dc:__proto__>a</dc:__proto__><dc:constructor rdf:parseType="Resource"/>')),
    ],
  ])('of %s are passed over', async (_, make) => {
    const bytes = await make()
    const metadata = (await readBytes(bytes)) ?? { reveals: [] }
    expect(metadata.reveals).toEqual([])
    expect(JSON.stringify(metadata).length).toBeLessThan(200_000)
    expect(metadata).not.toHaveProperty('alt')
    expect(String(metadata.description ?? '')).not.toContain('ha')
    expect(String(metadata.description ?? '')).not.toContain('root:')
  })

  it('still reveal what is in them if they are too long to be parsed', async () => {
    const long = packet(
      `${'<dc:b/>'.repeat(100_000)}<e:GPSLatitude>1,2N</e:GPSLatitude><a:SerialNumber>5</a:SerialNumber><mwg-rs:Type>Face</mwg-rs:Type>`,
    )
    expect(await readBytes(await pngWithXmp(long))).toEqual({
      reveals: ['position', 'serial', 'faces'],
    })
  })

  it.each([
    ['no XMP', 'just text', 'It is no XMP document.'],
    ['half of a document', packet('<dc:description>a').slice(0, -60), 'It is damaged'],
    ['a document type', `<!DOCTYPE x [<!ENTITY e "ha">]>${packet('&e;')}`, 'document type'],
    ['an entity of its own', packet('<dc:description>&e;</dc:description>'), 'It is damaged'],
    ['many elements', packet(`<dc:a>${'<dc:b/>'.repeat(60_000)}</dc:a>`), undefined],
    ['deep elements', packet('<dc:a>'.repeat(30_000) + '</dc:a>'.repeat(30_000)), undefined],
    ['names of JavaScript', packet('<dc:__proto__>a</dc:__proto__>'), undefined],
    ['nothing said', packet(''), undefined],
  ])('of a sidecar are refused or harmless: %s', async (_, text, fault) => {
    const reading = readSidecar(text, await readHeader(await written(await makeJpeg())))
    if (fault === undefined) expect(await reading).toEqual({ reveals: [] })
    else await expect(reading).rejects.toMatchObject({ detail: expect.stringContaining(fault) })
  })

  it('are cut off anywhere without harm', async () => {
    const whole = await makePhonePhoto()
    const header = await readHeader(await written(whole))
    for (let length = 0; length < Math.min(whole.length, 2000); length += 7) {
      const path = await written(whole.subarray(0, length))
      await expect(read(path, header)).resolves.toSatisfy(
        (found: FileMetadata | undefined) => !found || Array.isArray(found.reveals),
      )
    }
  })
})
