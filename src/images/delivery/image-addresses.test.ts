import { describe, expect, it } from 'vitest'
import { createBounds } from '../address/bounds.ts'
import { parseAddress } from '../address/parse-address.ts'
import { parseOptions } from '../address/parse-options.ts'
import { verify } from '../address/signature.ts'
import type { Preset } from '../presets/find-preset.ts'
import { createImageAddresses, wantedOf } from './image-addresses.ts'

const KEYS = [
  { id: 'new', secret: 'the-newer-of-two-keys' },
  { id: 'old', secret: 'the-older-of-two-keys' },
]

const PRESETS: Readonly<Record<string, Preset>> = {
  hero: { options: parseOptions('w_900,q_70'), revision: 3 },
  scaled: { options: parseOptions('w_400,h_400'), revision: undefined },
  high: { options: parseOptions('w_2560,h_2560'), revision: undefined },
}

function addressesWith(transforms: 'bounded' | 'signed' | 'off' = 'bounded', avif = false) {
  return createImageAddresses({
    bounds: createBounds({ widths: [320, 640], aspects: [[16, 9]], avif, transforms }),
    transforms,
    signingKeys: KEYS,
    findPreset: async (name) => PRESETS[name],
  })
}

async function print(text: string, addresses = addressesWith()): Promise<string> {
  const { address } = await addresses.read(text)
  return addresses.print('KEY', address)
}

describe('the address of an image', () => {
  it.each([
    ['w_640.webp', 'w_640.webp'],
    ['ar_9-16,w_0640.jpg', 'w_640,ar_9-16.jpg'],
    ['w_640,q_80.auto', 'w_640,q_80,s_new.auto'],
    ['w_640,q_80.webp', 'w_640.webp'],
    ['w_641.webp', 'w_641,s_new.webp'],
    ['w_600.webp', 'w_600,s_new.webp'],
    ['w_640.avif', 'w_640,s_new.avif'],
    ['h_640.webp', 'h_640,s_new.webp'],
    ['hero.webp', 'hero,v_3.webp'],
    ['hero,v_1,w_320.webp', 'hero,v_3,w_320.webp'],
    ['hero,w_300.webp', 'hero,v_3,w_300,s_new.webp'],
    ['hero,q_5,s_old-x.webp', 'hero,v_3,q_5,s_new.webp'],
  ])('%s is %s, signed only if it must be', async (text, wanted) => {
    const printed = await print(text)
    expect(printed.replace(/s_new-[\w-]{43}/, 's_new')).toBe(wanted)
    const address = parseAddress(printed)
    if (!address?.signature) return
    expect(verify(KEYS, 'KEY', address)).toBe(true)
    expect(verify(KEYS, 'OTHER', address)).toBe(false)
  })

  it('is signed without a preset where everything must be', async () => {
    const addresses = addressesWith('signed')
    expect(await print('w_640.webp', addresses)).toMatch(/^w_640,s_new-/)
    expect(await print('hero,w_640.webp', addresses)).toBe('hero,v_3,w_640.webp')
    expect(await print('scaled', addresses)).toBe('scaled.webp')
  })

  it('is only that of scaled and high where there are no sizes', async () => {
    const addresses = addressesWith('off')
    expect(await print('scaled', addresses)).toBe('scaled.webp')
    expect(await print('high.webp', addresses)).toBe('high.webp')
    for (const text of ['w_640.webp', 'hero.webp', 'high.jpg', 'high,w_320.webp']) {
      await expect(print(text, addresses)).rejects.toMatchObject({ status: 400 })
    }
  })

  it.each([
    ['nope.webp', 404, 'Preset not found'],
    ['w_640', 400, 'Invalid parameters'],
    ['hero', 400, 'Invalid parameters'],
    ['hero,h_5000000.webp', 400, 'Invalid parameters'],
    ['hero,h_640,ar_16-9.webp', 400, 'Invalid parameters'],
  ])('is refused: %s', async (text, status, message) => {
    await expect(print(text)).rejects.toMatchObject({ status, message })
  })
})

describe('the image that a signed-in caller asks for', () => {
  const source = {
    fileId: 1,
    type: 'image/png',
    width: 1000,
    height: 500,
    frames: 1,
    hasAlpha: false,
    focus: null,
  }
  const wanted = async (text: string, changes: Partial<typeof source> = {}) =>
    wantedOf(await addressesWith().read(text), { ...source, ...changes })

  it('has the options of its preset', async () => {
    const { plan } = await wanted('hero.jpg')
    expect(plan).toMatchObject({ format: 'jpg', width: 900, height: 450, quality: 70 })
    expect((await wanted('w_900,q_70.jpg')).name).toBe((await wanted('hero.jpg')).name)
  })

  it('is a stored one, or has a format that suits it', async () => {
    expect(await wanted('scaled')).toEqual({ name: 'scaled' })
    expect((await wanted('w_5.auto')).plan?.format).toBe('jpg')
    expect((await wanted('w_5.auto', { hasAlpha: true })).plan?.format).toBe('png')
  })
})
