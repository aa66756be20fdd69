import { describe, expect, it } from 'vitest'
import { parseOptions } from '../../images/address/parse-options.ts'
import { printAddress } from '../../images/address/print-address.ts'
import type { Look } from './candidates.ts'
import type { ItemImage } from './find-image.ts'
import { type PictureOptions, pictureOf } from './picture.ts'

const LADDER = [320, 640, 1280, 2560]
/** Of a photograph in a JPEG. */
const THUMBHASH = '1QcSHQRnh493V4dIh4eXh1h4kJUI'

const imageOf = (changes: Partial<ItemImage['source']> = {}, alt: string | null = null) => ({
  key: 'KEY',
  alt,
  thumbhash: THUMBHASH,
  source: {
    fileId: 1,
    type: 'image/jpeg',
    width: 2000,
    height: 1000,
    frames: 1,
    hasAlpha: false,
    focus: null,
    ...changes,
  },
})
const preset = (options: string): Look => ({
  preset: 'hero',
  revision: 3,
  options: parseOptions(options),
})
const show = (image: ItemImage, options: Partial<PictureOptions> = {}) =>
  pictureOf(image, {
    widths: LADDER,
    avif: false,
    look: { options: {} },
    sizes: undefined,
    urlOf: (address) => `/${printAddress(address)}`,
    ...options,
  })

/** The attributes of each element, without the placeholder. */
const elementsOf = (html: string) =>
  [...html.matchAll(/<(source|img) ([^>]*)>/g)].map(([, name, attributes = '']) => [
    name,
    Object.fromEntries(
      [...attributes.matchAll(/([a-z]+)="([^"]*)"/g)]
        .map(([, name = '', value = '']) => [name, value] as const)
        .filter(([name]) => name !== 'style'),
    ),
  ])
const srcsetsOf = (html: string) => [...html.matchAll(/srcset="([^"]*)"/g)].map(([, set]) => set)
const fallbackOf = (html: string) => /src="([^"]*)"/.exec(html)?.[1]

describe('the HTML of an image', () => {
  it('offers all widths up to its own, and a JPEG for programs that know no WebP', () => {
    const html = show(imageOf({}, 'A tower'))
    expect(html).toMatch(/^<picture>\n {2}<source [^>]*>\n {2}<img [^>]*>\n<\/picture>$/)
    expect(elementsOf(html)).toEqual([
      [
        'source',
        {
          type: 'image/webp',
          srcset: '/w_320.webp 320w, /w_640.webp 640w, /w_1280.webp 1280w, /w_2560.webp 2000w',
          sizes: '(max-width: 2000px) 100vw, 2000px',
        },
      ],
      [
        'img',
        {
          src: '/w_1280.jpg',
          width: '2000',
          height: '1000',
          alt: 'A tower',
          loading: 'lazy',
        },
      ],
    ])
  })

  it.each([
    [640, '/w_320.webp 320w, /w_640.webp 640w', '/w_640.jpg'],
    [641, '/w_320.webp 320w, /w_640.webp 640w, /w_1280.webp 641w', '/w_1280.jpg'],
    [100, '/w_320.webp 100w', '/w_320.jpg'],
    [
      9000,
      '/w_320.webp 320w, /w_640.webp 640w, /w_1280.webp 1280w, /w_2560.webp 2560w',
      '/w_1280.jpg',
    ],
  ])('of %d pixels offers no width twice', (width, srcset, src) => {
    const html = show(imageOf({ width, height: 50 }))
    expect(srcsetsOf(html)).toEqual([srcset])
    expect(fallbackOf(html)).toBe(src)
  })

  it('begins with AVIF where that is on', () => {
    const html = show(imageOf({ width: 500 }), { avif: true })
    expect(srcsetsOf(html)).toEqual([
      '/w_320.avif 320w, /w_640.avif 500w',
      '/w_320.webp 320w, /w_640.webp 500w',
    ])
  })

  it('falls back to PNG where it is transparent, and shows no placeholder through it', () => {
    const image = imageOf({ hasAlpha: true })
    expect(fallbackOf(show(image))).toBe('/w_1280.png')
    expect(show(image)).not.toContain('style=')
    const filled = show(image, { look: preset('w_1280,bg_ffffff') })
    expect(fallbackOf(filled)).toBe('/hero,v_3.jpg')
    expect(filled).toContain('style=')
    const framed = show(imageOf(), { look: preset('w_500,h_500,fit_contain') })
    expect(fallbackOf(framed)).toBe('/hero,v_3.png')
    expect(framed).not.toContain('style=')
  })

  it('leaves an animation one', () => {
    const image = imageOf({ frames: 5 })
    const html = show(image, { avif: true })
    expect(elementsOf(html).map(([name]) => name)).toEqual(['source', 'img'])
    expect(fallbackOf(html)).toBe('/w_1280.webp')
    const still = show(image, { avif: true, look: preset('w_300,frame_2') })
    expect(fallbackOf(still)).toBe('/hero,v_3.jpg')
    expect(srcsetsOf(still)[0]).toBe('/hero,v_3.avif 300w')
  })

  it('has a placeholder as its background', () => {
    expect(show(imageOf())).toMatch(
      / style="background: url\(data:image\/png;base64,[\w+/=]+\) center \/ cover">/,
    )
    expect(show(imageOf(), { look: preset('w_300,ar_1-1') })).toContain('style=')
    for (const options of ['rot_90', 'flip_h', 'crop_0-0-50-50', 'gray_1']) {
      expect(show(imageOf(), { look: preset(options) })).not.toContain('style=')
    }
  })

  it('has the sizes that are asked for', () => {
    const html = show(imageOf(), { sizes: '(min-width: 60em) 50vw, 100vw' })
    expect(html).toContain('sizes="(min-width: 60em) 50vw, 100vw"')
  })

  it('escapes every text', () => {
    const hostile = `"><script>alert('x')</script>&quot;`
    const html = show(imageOf({}, hostile), { sizes: hostile })
    const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;quot;'
    expect(html).toContain(`alt="${escaped}"`)
    expect(html).toContain(`sizes="${escaped}"`)
    expect(html).not.toContain('<script')
    expect([...html.matchAll(/[<>]/g)]).toHaveLength(8)
  })

  it.each([null, ''])('has an empty alternative text for %j', (alt) => {
    expect(show(imageOf({}, alt))).toContain(' alt="" ')
  })
})

describe('the HTML of an image in the form of a preset', () => {
  it.each([
    // The preset's own width is the largest.
    [
      'w_1000',
      '/hero,v_3,w_320.webp 320w, /hero,v_3,w_640.webp 640w, /hero,v_3.webp 1000w',
      1000,
      500,
    ],
    ['w_640,ar_1-1', '/hero,v_3,w_320.webp 320w, /hero,v_3.webp 640w', 640, 640],
    ['w_640,h_320', '/hero,v_3,w_320.webp 320w, /hero,v_3.webp 640w', 640, 320],
    [
      'h_500',
      '/hero,v_3,w_320.webp 320w, /hero,v_3,w_640.webp 640w, /hero,v_3.webp 1000w',
      1000,
      500,
    ],
    // A width cannot be added to this one.
    ['h_500,ar_2-1', '/hero,v_3.webp 1000w', 1000, 500],
    // The original is smaller.
    [
      'w_3000,ar_1-1',
      '/hero,v_3,w_320.webp 320w, /hero,v_3,w_640.webp 640w, /hero,v_3.webp 1000w',
      1000,
      1000,
    ],
    // Without a size, the ladder is all.
    [
      'ar_1-1,q_50',
      '/hero,v_3,w_320.webp 320w, /hero,v_3,w_640.webp 640w, /hero,v_3,w_1280.webp 1000w',
      1000,
      1000,
    ],
    ['rot_90,w_320', '/hero,v_3.webp 320w', 320, 640],
  ])('%s', (options, srcset, width, height) => {
    const html = show(imageOf(), { look: preset(options) })
    expect(srcsetsOf(html)).toEqual([srcset])
    expect(html).toContain(` width="${width}" height="${height}" `)
  })
})

describe('the HTML of an image on a server that makes no sizes', () => {
  it.each([
    [{ width: 2000, height: 1000 }, '/scaled.webp 400w, /high.webp 2000w', '/high.webp'],
    [{ width: 3000, height: 6000 }, '/scaled.webp 200w, /high.webp 1280w', '/high.webp'],
    [{ width: 300, height: 300 }, '/scaled.webp 300w', '/scaled.webp'],
    // The small one is a still.
    [{ width: 600, height: 600, frames: 3 }, '/high.webp 600w', '/high.webp'],
  ])('offers what there is of %j', (source, srcset, src) => {
    const html = show(imageOf(source), { widths: undefined, avif: true })
    expect(srcsetsOf(html)).toEqual([srcset])
    expect(fallbackOf(html)).toBe(src)
  })

  it('offers one of both', () => {
    const look = { preset: 'scaled', options: { width: 400, height: 400 } }
    const html = show(imageOf(), { widths: undefined, look })
    expect(srcsetsOf(html)).toEqual(['/scaled.webp 400w'])
    expect(html).toContain(' width="400" height="200" ')
  })
})
