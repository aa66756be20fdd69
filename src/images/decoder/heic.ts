import { createRequire } from 'node:module'
import { writePixelFile } from '../worker/pixel-file.ts'
import { Refusal } from '../worker/tasks.ts'
import { type OpenFile, type Order, PIXELS_FD } from './protocol.ts'

/** The part of libheif's C interface that is used here: https://github.com/strukturag/libheif/tree/master/libheif/api/libheif */
interface LibHeif {
  readonly HEAPU8: Uint8Array
  readonly HEAPU32: Uint32Array
  _malloc(bytes: number): number
  _heif_context_alloc(): number
  _heif_context_read_from_memory_without_copy(
    error: number,
    context: number,
    bytes: number,
    length: number,
    options: number,
  ): void
  _heif_context_get_number_of_top_level_images(context: number): number
  _heif_context_number_of_sequence_tracks(context: number): number
  _heif_context_get_primary_image_handle(error: number, context: number, handle: number): void
  _heif_image_handle_get_width(handle: number): number
  _heif_image_handle_get_height(handle: number): number
  _heif_image_handle_get_luma_bits_per_pixel(handle: number): number
  _heif_image_handle_has_alpha_channel(handle: number): number
  _heif_image_handle_is_premultiplied_alpha(handle: number): number
  _heif_image_handle_get_raw_color_profile_size(handle: number): number
  _heif_image_handle_get_raw_color_profile(error: number, handle: number, bytes: number): void
  _heif_decode_image(
    error: number,
    handle: number,
    image: number,
    colorspace: number,
    chroma: number,
    options: number,
  ): void
  _heif_image_get_width(image: number, channel: number): number
  _heif_image_get_height(image: number, channel: number): number
  _heif_image_get_bits_per_pixel_range(image: number, channel: number): number
  _heif_image_get_plane_readonly(image: number, channel: number, stride: number): number
}

/** Values of `heif_colorspace`, `heif_channel` and `heif_chroma`. */
const RGB = 1
const INTERLEAVED = 10
const CHROMA = { RGB: 10, RGBA: 11, RRGGBB_LE: 14, RRGGBBAA_LE: 15 }

/** Larger than any profile needs to be. */
const MAX_PROFILE_BYTES = 4 * 1024 * 1024
/** Rows of 16-bit pixels that are converted at once. */
const ROWS = 64

const DAMAGED =
  'The HEIC image is damaged, cut short, or of a kind that is not supported, and cannot be decoded completely.'

/** Opens the primary image of a HEIF file with HEVC inside. libheif turns, mirrors and crops it as the file says. */
export async function openHeic(bytes: Buffer): Promise<OpenFile> {
  const lib = await load()
  /** Calls a function that returns a `heif_error`, and gives the number that it writes. */
  const take = (call: (error: number, result: number) => void): number => {
    const error = lib._malloc(16)
    const result = error + 12
    lib.HEAPU32[result >> 2] = 0
    try {
      call(error, result)
    } catch (cause) {
      throw new Refusal('content', DAMAGED, cause)
    }
    const [code = 0, detail = 0] = lib.HEAPU32.subarray(error >> 2)
    if (code !== 0) throw new Refusal('content', DAMAGED, `libheif error ${code}.${detail}`)
    return lib.HEAPU32[result >> 2] ?? 0
  }
  const context = lib._heif_context_alloc()
  const source = lib._malloc(bytes.length)
  lib.HEAPU8.set(bytes, source)
  take((error) =>
    lib._heif_context_read_from_memory_without_copy(error, context, source, bytes.length, 0),
  )
  const handle = take((error, result) =>
    lib._heif_context_get_primary_image_handle(error, context, result),
  )
  const width = lib._heif_image_handle_get_width(handle)
  const height = lib._heif_image_handle_get_height(handle)
  const isDeep = lib._heif_image_handle_get_luma_bits_per_pixel(handle) > 8
  const hasAlpha = lib._heif_image_handle_has_alpha_channel(handle) > 0
  const channels = hasAlpha ? 4 : 3
  const bytesPerPixel = channels * (isDeep ? 2 : 1)

  async function decode(_: Order) {
    const deep = hasAlpha ? CHROMA.RRGGBBAA_LE : CHROMA.RRGGBB_LE
    const shallow = hasAlpha ? CHROMA.RGBA : CHROMA.RGB
    const image = take((error, result) =>
      lib._heif_decode_image(error, handle, result, RGB, isDeep ? deep : shallow, 0),
    )
    const isOfSize =
      lib._heif_image_get_width(image, INTERLEAVED) === width &&
      lib._heif_image_get_height(image, INTERLEAVED) === height
    if (!isOfSize) throw new Refusal('content', DAMAGED, 'The size differs from that of the header')
    const strideAt = lib._malloc(4)
    const plane = lib._heif_image_get_plane_readonly(image, INTERLEAVED, strideAt)
    const stride = lib.HEAPU32[strideAt >> 2] ?? 0
    const bits = lib._heif_image_get_bits_per_pixel_range(image, INTERLEAVED)
    const isPremultiplied = hasAlpha && lib._heif_image_handle_is_premultiplied_alpha(handle) > 0
    const write = writePixelFile(PIXELS_FD, {
      width,
      height,
      channels,
      isDeep,
      frames: 1,
      profile: readProfile(),
    })
    const rowBytes = width * bytesPerPixel
    for (let y = 0; y < height; y += ROWS) {
      const rows = Math.min(ROWS, height - y)
      const block = Buffer.allocUnsafe(rows * rowBytes)
      for (let row = 0; row < rows; row++) {
        const at = plane + (y + row) * stride
        block.set(lib.HEAPU8.subarray(at, at + rowBytes), row * rowBytes)
      }
      if (isDeep) {
        const values = new Uint16Array(block.buffer, block.byteOffset, block.length / 2)
        widen(values, bits)
        if (isPremultiplied) unpremultiply(values, 65_535)
      } else if (isPremultiplied) {
        unpremultiply(block, 255)
      }
      write(block)
    }
  }

  function readProfile(): Uint8Array | undefined {
    const length = lib._heif_image_handle_get_raw_color_profile_size(handle)
    if (length === 0 || length > MAX_PROFILE_BYTES) return undefined
    const at = lib._malloc(length)
    take((error) => lib._heif_image_handle_get_raw_color_profile(error, handle, at))
    return lib.HEAPU8.slice(at, at + length)
  }

  const unshown =
    Math.max(lib._heif_context_get_number_of_top_level_images(context) - 1, 0) +
    lib._heif_context_number_of_sequence_tracks(context)
  const header = { width, height, frames: 1, bytesPerPixel, ...(unshown > 0 && { unshown }) }
  return { header, decode }
}

/** Brings values of some bits to the range of 16 bits. */
function widen(values: Uint16Array, bits: number) {
  const most = 2 ** bits - 1
  for (let at = 0; at < values.length; at++) {
    values[at] = Math.min(Math.round(((values[at] ?? 0) * 65_535) / most), 65_535)
  }
}

/** Divides red, green and blue by the opacity. */
function unpremultiply(rgba: Uint8Array | Uint16Array, most: number) {
  for (let at = 0; at < rgba.length; at += 4) {
    const opacity = rgba[at + 3] ?? 0
    if (opacity === 0 || opacity === most) continue
    for (let channel = at; channel < at + 3; channel++) {
      rgba[channel] = Math.min(Math.round(((rgba[channel] ?? 0) * most) / opacity), most)
    }
  }
}

/** The library prints what it finds wrong with a file. That is not for the log of the server. */
async function load(): Promise<LibHeif> {
  const start: (options: object) => Promise<LibHeif> = createRequire(import.meta.url)(
    'libheif-js/libheif-wasm/libheif.js',
  )
  return start({ print() {}, printErr() {} })
}
