import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cutShort, makeBmp, makeDrawing, makeTiff, readFixture } from '../../../test/fixtures.ts'
import { documentsNaming, referencesTo } from '../../../test/hostile/drawings.ts'
import { createImages, type Images } from '../images.ts'
import { planOf } from '../plan/plan-of.ts'
import { VARIANTS } from '../recipe.ts'
import { type ImageSettings, imageSettings } from '../settings.ts'
import { cicp, makePngWith } from '../worker/colour/colour.fixture.ts'
import {
  clap,
  colr,
  type HeifItem,
  imir,
  irot,
  ispe,
  makeHeic,
  pictureOf,
  uint8,
} from './heic.fixture.ts'

const defaults = Object.fromEntries(
  Object.entries(imageSettings).map(([name, { fallback }]) => [name, fallback]),
) as ImageSettings

let folder: string
let images: Images
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-decoder-'))
  images = createImages(defaults)
})
afterAll(async () => {
  await images.close()
  await rm(folder, { recursive: true })
})

async function save(bytes: Buffer): Promise<string> {
  const path = join(folder, 'original')
  await writeFile(path, bytes)
  return path
}

type Pixel = readonly number[]

/** Renders an image as a lossless PNG, whole. */
async function show(bytes: Buffer) {
  const path = await save(bytes)
  const whole = { fit: 4000, format: 'png', quality: 100, effort: 1, animated: false } as const
  const rendered = await images.render(path, folder, whole)
  const { width, height } = rendered
  const { data, info } = await sharp(await readFile(rendered.path))
    .raw()
    .toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number): Pixel => {
    const start = (Math.floor(y * height) * width + Math.floor(x * width)) * info.channels
    return [...data.subarray(start, start + info.channels)]
  }
  expect((await readdir(folder)).filter((name) => name.endsWith('.tif'))).toEqual([])
  return {
    size: { width, height },
    /** The middles of the quarters: left and right above, left and right below. */
    quarters: [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)] as const,
  }
}

async function refusalOf(bytes: Buffer, from = images): Promise<string> {
  const error = await from.process(await save(bytes), folder).then(
    () => expect.fail('should have been refused'),
    (reason) => reason,
  )
  expect(error).toMatchObject({ code: 'image-refused' })
  expect((await readdir(folder)).includes('decoded.tif')).toBe(false)
  return error.detail
}

const [ONE, TWO, THREE, FOUR]: readonly [Pixel, Pixel, Pixel, Pixel] = [
  [200, 180, 30],
  [30, 180, 210],
  [200, 40, 30],
  [30, 40, 210],
]

function expectQuarters(found: readonly Pixel[], wanted: readonly Pixel[], levels = 3) {
  const difference = wanted.map((pixel, index) =>
    Math.max(...pixel.map((value, channel) => Math.abs(value - (found[index]?.[channel] ?? -999)))),
  )
  expect(Math.max(...difference), JSON.stringify(found)).toBeLessThanOrEqual(levels)
}

describe('HEIC', () => {
  it.each([
    ['of 8 bits', 'quarters.heic'],
    ['of 10 bits', 'quarters-10-bit.heic'],
    ['in Display P3', 'quarters-p3.heic'],
  ])('%s has its colours', async (_, name) => {
    const { size, quarters } = await show(readFixture(name))
    expect(size).toEqual({ width: 64, height: 48 })
    expectQuarters(quarters, [ONE, TWO, THREE, FOUR])
  })

  it('is taken in as an upright still', async () => {
    const path = await save(readFixture('quarters.heic'))
    const { scaled, thumbhash, ...processed } = await images.process(path, folder)
    const file = { type: 'image/heic', extension: 'heic', width: 64, height: 48, frames: 1 }
    const color = expect.stringMatching(/^#c[78]b[34]1[ef]$/)
    expect(processed).toEqual({ ...file, color, metadata: { reveals: [] } })
    expect(scaled).toMatchObject({ width: 64, height: 48 })
    expect(thumbhash).not.toBe('')
  })

  it('has its opacity', async () => {
    const { quarters } = await show(readFixture('quarters-alpha.heic'))
    expectQuarters(quarters, [
      [...ONE, 255],
      [...TWO, 255],
      [...THREE, 100],
      [...FOUR, 100],
    ])
  })

  // The encoder fills pictures up to whole blocks, here to 64 x 64.
  const { data, configuration } = pictureOf('quarters.heic')
  const whole = clap(64, 48, 0, -8)
  const picture = (...properties: Buffer[]): HeifItem => ({
    type: 'hvc1',
    data,
    properties: [configuration, ispe(64, 64), ...properties],
  })

  it.each<[string, Buffer[], [number, number], Pixel[]]>([
    ['is cropped', [whole], [64, 48], [ONE, TWO, THREE, FOUR]],
    ['is turned against the clock', [whole, irot(1)], [48, 64], [TWO, FOUR, ONE, THREE]],
    ['is turned upside down', [whole, irot(2)], [64, 48], [FOUR, THREE, TWO, ONE]],
    ['is mirrored', [whole, imir(1)], [64, 48], [TWO, ONE, FOUR, THREE]],
    ['is turned, then mirrored', [whole, irot(1), imir(1)], [48, 64], [FOUR, TWO, THREE, ONE]],
    ['is cropped to its right half', [clap(32, 64, 16, 0)], [32, 64], [TWO, TWO, FOUR, FOUR]],
    [
      'is cropped, then turned',
      [clap(64, 32, 0, 16), irot(3)],
      [32, 64],
      [THREE, THREE, FOUR, FOUR],
    ],
  ])('%s as the file says', async (_, transforms, [width, height], wanted) => {
    const { size, quarters } = await show(makeHeic([picture(...transforms)], 1))
    expect(size).toEqual({ width, height })
    expectQuarters(quarters, wanted)
  })

  it('with HDR is tone-mapped', async () => {
    const deep = pictureOf('quarters-pq.heic')
    // BT.2020 and PQ, in the full range.
    const nclx = colr('nclx', Buffer.from([0, 9, 0, 16, 0, 9, 0x80]))
    const properties = [deep.configuration, ispe(64, 64), nclx]
    const { quarters } = await show(makeHeic([{ type: 'hvc1', data: deep.data, properties }], 1))
    // As numbers of PQ these are far brighter than white, and in BT.2020 far more colourful than sRGB can be.
    expectQuarters([quarters[2]], [[255, 0, 0]], 40)
    expect(quarters[2]).not.toEqual([...THREE])
  })

  it('is put together from a grid', async () => {
    const tiles = [1, 2, 3, 4].map(() => picture())
    const grid: HeifItem = {
      type: 'grid',
      // Two rows and two columns, of which the last are cut.
      data: uint8(0, 0, 1, 1, 0, 112, 0, 112),
      properties: [ispe(112, 112)],
      tiles: [1, 2, 3, 4],
    }
    const { size, quarters } = await show(makeHeic([...tiles, grid], 5))
    expect(size).toEqual({ width: 112, height: 112 })
    // The left halves of all four tiles: the lower parts of the first two, the upper parts of the others.
    expectQuarters(quarters, [THREE, THREE, ONE, ONE])
  })

  it('shows the primary image of several', async () => {
    const { size } = await show(makeHeic([picture(), picture(whole, irot(1)), picture()], 2))
    expect(size).toEqual({ width: 48, height: 64 })
  })

  it('has the colour that it declares by numbers', async () => {
    // Display P3 without a profile, in the full range and the matrix of the picture.
    const p3 = colr('nclx', Buffer.from([0, 12, 0, 13, 0, 6, 0x80]))
    const { quarters } = await show(makeHeic([picture(p3)], 1))
    const [red = 0, green = 255] = quarters[2]
    expect(red).toBeGreaterThan(210)
    expect(green).toBeLessThan(20)
  })

  it.each<[string, () => Buffer]>([
    ['its first box alone', () => readFixture('quarters.heic').subarray(0, 32)],
    ['one that is cut short', () => cutShort(readFixture('quarters.heic'))],
    ['one whose picture is cut short', () => readFixture('quarters.heic').subarray(0, -40)],
    ['one whose picture is missing', () => makeHeic([{ ...picture(), data: Buffer.alloc(4) }], 1)],
    ['one whose primary image is none of its own', () => makeHeic([picture()], 7)],
    [
      'a grid that holds itself',
      () =>
        makeHeic(
          [
            {
              type: 'grid',
              data: uint8(0, 0, 0, 0, 0, 64, 0, 48),
              properties: [ispe(64, 48)],
              tiles: [1],
            },
          ],
          1,
        ),
    ],
  ])('is refused: %s', async (_, make) => {
    expect(await refusalOf(make())).toMatch(/^The HEIC image is damaged, cut short/)
  })

  it('is refused before it is decoded if it claims too many pixels', async () => {
    const huge = makeHeic([{ ...picture(), properties: [configuration, ispe(60_000, 50_000)] }], 1)
    expect(await refusalOf(huge)).toMatch(/60000 x 50000 pixels; at most 100000000|damaged/)
  })
})

describe('JPEG XL and BMP', () => {
  it.each<[string, () => Buffer | Promise<Buffer>, Pixel[]]>([
    ['JPEG XL', () => readFixture('quarters.jxl'), [ONE, TWO, THREE, FOUR]],
    ['JPEG XL in Display P3', () => readFixture('quarters-p3.jxl'), [ONE, TWO, THREE, FOUR]],
    ['JPEG XL of 16 bits', () => readFixture('quarters-16-bit.jxl'), [ONE, TWO, THREE, FOUR]],
    // As Chromium 156 shows these files.
    [
      'JPEG XL in PQ',
      () => readFixture('quarters-pq.jxl'),
      [
        [129, 87, 0],
        [0, 95, 132],
        [144, 0, 0],
        [0, 0, 134],
      ],
    ],
    [
      'JPEG XL in HLG',
      () => readFixture('quarters-hlg.jxl'),
      [
        [131, 105, 0],
        [0, 109, 127],
        [137, 0, 1],
        [0, 12, 111],
      ],
    ],
    [
      'JPEG XL with opacity',
      () => readFixture('quarters-alpha.jxl'),
      [
        [...ONE, 255],
        [...TWO, 255],
        [...THREE, 100],
        [...FOUR, 100],
      ],
    ],
  ])('%s has its colours', async (_, make, wanted) => {
    const { size, quarters } = await show(await make())
    expect(size).toEqual({ width: 64, height: 48 })
    expectQuarters(quarters, wanted)
  })

  it('BMP has its pixels', async () => {
    const path = await save(await makeBmp({ width: 61, height: 47 }))
    const processed = await images.process(path, folder)
    expect(processed).toMatchObject({ type: 'image/bmp', extension: 'bmp', width: 61, height: 47 })
    expect(processed.color).toMatch(/^#d[0-9a-f][01][0-9a-f][01][0-9a-f]$/)
  })

  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ['JPEG XL', () => readFixture('quarters.jxl')],
    ['BMP', () => makeBmp()],
  ])('%s is refused if it is cut short', async (name, make) => {
    const bytes = await make()
    expect(await refusalOf(cutShort(bytes))).toMatch(
      new RegExp(`^The ${name} image is damaged, cut short`),
    )
    expect(await refusalOf(bytes.subarray(0, -2))).toMatch(/damaged, cut short/)
  })

  it('BMP of gigapixels is refused before it is decoded', async () => {
    const bytes = await makeBmp()
    bytes.writeInt32LE(60_000, 18)
    bytes.writeInt32LE(60_000, 22)
    expect(await refusalOf(bytes)).toMatch(/60000 x 60000 pixels; at most 100000000|damaged/)
  })
})

describe('an animated AVIF', () => {
  it('stays an animation', async () => {
    const path = await save(readFixture('red-green-blue.avif'))
    const processed = await images.process(path, folder)
    expect(processed).toMatchObject({ type: 'image/avif', frames: 3, width: 64, height: 48 })
    expect(processed.color).toMatch(/^#d[0-9a-f]1[0-9a-f]1[0-9a-f]$/)
    const high = await readFile((await images.render(path, folder, VARIANTS.high)).path)
    expect(await sharp(high).metadata()).toMatchObject({ pages: 3, delay: [100, 100, 100] })
    for (const [page, wanted] of [
      [220, 20, 20],
      [20, 220, 20],
      [20, 20, 220],
    ].entries()) {
      expectQuarters(
        [[...(await sharp(high, { page }).removeAlpha().raw().toBuffer()).subarray(0, 3)]],
        [wanted],
        8,
      )
    }
    const plan = planOf({ frame: 1 }, 'png', { width: 64, height: 48, frames: 3, focus: null })
    const still = await sharp((await images.render(path, folder, plan)).path)
      .removeAlpha()
      .raw()
      .toBuffer()
    expectQuarters([[...still.subarray(0, 3)]], [[20, 220, 20]])
  })

  it.each([
    ['Display P3', 12, 13],
    ['BT.2020', 9, 13],
    ['PQ in BT.2020', 9, 16],
    ['HLG in BT.2020', 9, 18],
  ])('in %s has the colours of a PNG that says so', async (_, primaries, transfer) => {
    const bytes = readFixture('red-green-blue.avif')
    // One of its picture, one of its frames.
    const places = [bytes.indexOf('nclx'), bytes.lastIndexOf('nclx')]
    expect(new Set(places).size).toBe(2)
    for (const at of places) {
      bytes.writeUInt16BE(primaries, at + 4)
      bytes.writeUInt16BE(transfer, at + 6)
    }
    const png = await show(await makePngWith([220, 20, 20], cicp(primaries, transfer)))
    const { quarters } = await show(bytes)
    expectQuarters(quarters, png.quarters, 4)
    expect(quarters[0]).not.toEqual([220, 20, 20, 255])
  })

  it('is refused if it is cut short, or over a limit of frames', async () => {
    const bytes = readFixture('red-green-blue.avif')
    expect(await refusalOf(bytes.subarray(0, -100))).toMatch(/^The AVIF image is damaged/)
    const own = createImages({ ...defaults, maxImageFrames: 2 })
    expect(await refusalOf(bytes, own)).toMatch(/3 frames; at most 2/)
    await own.close()
  })
})

describe('SVG', () => {
  const drawing = (content: string, attributes = 'width="64" height="48"') =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xi="http://www.w3.org/2001/XInclude" ${attributes}>${content}</svg>`,
    )

  it('is drawn anew in every size, and counts as 3840 pixels on its longer side', async () => {
    const path = await save(makeDrawing())
    const processed = await images.process(path, folder)
    expect(processed).toMatchObject({
      type: 'image/svg+xml',
      extension: 'svg',
      width: 3840,
      height: 2880,
      frames: 1,
    })
    expect(processed.scaled).toMatchObject({ width: 400, height: 300 })
    for (const width of [37, 1000]) {
      const plan = planOf({ width }, 'png', { width: 3840, height: 2880, frames: 1, focus: null })
      const { path: file } = await images.render(path, folder, plan)
      const { data, info } = await sharp(file)
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true })
      expect(info).toMatchObject({ width: plan.width, height: plan.height })
      const isNear = (at: number, wanted: Pixel) =>
        wanted.every((value, channel) => Math.abs(value - (data[at + channel] ?? 0)) <= 3)
      const starts = Array.from({ length: info.width }, (_, x) => x * 3)
      const between = starts.filter((at) => !isNear(at, [220, 8, 8]) && !isNear(at, [8, 8, 220]))
      // The edge in its middle is one pixel wide at most.
      expect(between.length).toBeLessThanOrEqual(1)
    }
  })

  it.each([
    ['a unit', 'width="4in" height="3in"', 2880],
    ['a ratio alone', 'viewBox="0 0 300 100"', 1280],
    ['a size of billions', 'width="3e7" height="1e7" viewBox="0 0 300 100"', 1280],
  ])('may have %s', async (_, attributes, height) => {
    const bytes = drawing('<rect width="400" height="300" fill="#00f"/>', attributes)
    const { color, ...size } = await images.process(await save(bytes), folder)
    expect(size).toMatchObject({ width: 3840, height })
    expect(color).toBe('#0000ff')
  })

  it('has half of these pixels with filters, which are slow', async () => {
    const shadow =
      '<filter id="f"><feFlood flood-opacity="0.5" result="a"/><feComposite in2="SourceGraphic" operator="in"/><feGaussianBlur stdDeviation="2"/><feOffset dy="2"/><feMerge><feMergeNode/><feMergeNode in="SourceGraphic"/></feMerge></filter>'
    for (const content of [
      `${shadow}<circle cx="24" cy="24" r="20" fill="#e43" filter="url(#f)"/>`,
      '<circle cx="24" cy="24" r="20" fill="#e43" style="filter: drop-shadow(0 2px 2px #000)"/>',
    ]) {
      const path = await save(drawing(content, 'width="48" height="48"'))
      expect(await images.process(path, folder)).toMatchObject({ width: 1920, height: 1920 })
    }
  })

  const GREEN = '<rect width="64" height="48" fill="#0f0"/>'
  /** Draws everything that could show something red, and a green corner at the end. */
  const drawCorner = async (contents: readonly string[]) => {
    const path = await save(drawing(`${contents.join('')}<rect width="9" height="9" fill="#0f0"/>`))
    const plan = planOf({ width: 64 }, 'png', {
      width: 1920,
      height: 1440,
      frames: 1,
      focus: null,
    })
    const { path: file } = await images.render(path, folder, plan)
    return sharp(file).flatten().raw().toBuffer()
  }

  it('shows nothing of other files, whatever way it names them', async () => {
    const red = sharp({ create: { width: 64, height: 48, channels: 3, background: '#f00' } })
    const files: Readonly<Record<string, Buffer>> = {
      'red.png': await red.png().toBuffer(),
      'red.svg': drawing('<rect id="red" width="64" height="48" fill="#f00"/>'),
      'red.css': Buffer.from('rect { fill: #f00 }'),
      'red.txt': Buffer.from('<rect width="64" height="48" fill="#f00"/>'),
    }
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
    try {
      const urls = Object.keys(files).flatMap((name) => [
        name,
        join(folder, name),
        `file://${join(folder, name)}`,
      ])
      const references = urls.flatMap((url, id) => Object.values(referencesTo(url, id)))
      const script = '<script>document.documentElement.innerHTML = ""</script>'
      const pixels = await drawCorner([script, ...references])
      expect([...pixels.subarray(0, 3)]).toEqual([0, 255, 0])
      expect(Math.max(...pixels.filter((_, at) => at % 3 === 0))).toBe(0)
      const named = documentsNaming(`file://${join(folder, 'red.css')}`)
      for (const bytes of [named['style sheets'], named['a document type']]) {
        const path = await save(bytes ?? Buffer.of())
        expect((await images.process(path, folder)).color).toBe('#00ff00')
      }
    } finally {
      for (const name of Object.keys(files)) await rm(join(folder, name))
    }
  })

  it('makes no connection', async () => {
    let connections = 0
    const listener = createServer(() => connections++)
    await once(listener.listen(0, '127.0.0.1'), 'listening')
    try {
      const { port } = listener.address() as AddressInfo
      const url = `http://127.0.0.1:${port}/red.svg`
      await drawCorner(Object.values(referencesTo(url, 0)))
      for (const bytes of Object.values(documentsNaming(url))) {
        await images.process(await save(bytes), folder).catch(() => {})
      }
      expect(connections).toBe(0)
    } finally {
      listener.close()
    }
  })

  it('shows a picture within it', async () => {
    const red = sharp({ create: { width: 8, height: 6, channels: 3, background: '#f00' } })
    const data = (await red.png().toBuffer()).toString('base64')
    const bytes = drawing(`<image width="64" height="48" href="data:image/png;base64,${data}"/>`)
    expect((await images.process(await save(bytes), folder)).color).toBe('#ff0000')
  })

  const entities = (declaration: string, use: string) =>
    Buffer.from(`<!DOCTYPE svg [${declaration}]>${drawing(`<text>${use}</text>`)}`)
  const laughs = Array.from(
    { length: 30 },
    (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`,
  )
  it.each<[string, () => Buffer]>([
    ['one that is cut short', () => drawing(GREEN).subarray(0, -8)],
    ['one without a size', () => drawing(GREEN, 'width="0" height="0"')],
    ['an entity in a file', () => entities('<!ENTITY f SYSTEM "file:///etc/hostname">', '&f;')],
    ['entities that unfold', () => entities(`<!ENTITY l0 "l">${laughs.join('')}`, '&l29;')],
    ['an entity that holds itself', () => entities('<!ENTITY a "&b;"><!ENTITY b "&a;">', '&a;')],
  ])('is refused: %s', async (_, make) => {
    expect(await refusalOf(make())).toMatch(/^The SVG drawing cannot be drawn/)
  })

  it('is refused if it takes too much time or memory', async () => {
    const blur =
      '<filter id="f" x="-9" y="-9" width="99" height="99"><feTurbulence numOctaves="900" baseFrequency="0.9"/><feGaussianBlur stdDeviation="90"/></filter>'
    const slow = drawing(`${blur}${'<rect width="64" height="48" filter="url(#f)"/>'.repeat(40)}`)
    expect(await refusalOf(slow)).toMatch(
      /^Processing the image took more than (4.5 seconds of processor time|448 MiB of memory)/,
    )
  })
})

it('a format that is off is refused, and what is accepted is named', async () => {
  const own = createImages({ ...defaults, imageFormats: ['jpeg', 'png'] })
  for (const [bytes, name] of [
    [makeDrawing(), 'an SVG drawing (image/svg+xml)'],
    [readFixture('quarters.heic'), 'a HEIC image (image/heic)'],
    [await makeBmp(), 'a Windows bitmap (BMP) (image/bmp)'],
    [await makeTiff(), 'a TIFF image (image/tiff)'],
  ] as const) {
    expect(await refusalOf(bytes, own)).toBe(
      `The file is ${name}; JPEG and PNG images are accepted.`,
    )
  }
  await own.close()
})
