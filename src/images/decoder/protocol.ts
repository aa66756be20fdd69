import type { Size } from '../plan/turn.ts'
import type { Timing } from '../worker/finish.ts'

/** Formats whose decoders run in a process of their own, one for each file. */
export type ForeignFormat = 'avif' | 'bmp' | 'heic' | 'jxl' | 'svg'

/** The properties that a file claims. Sizes are those of one upright frame. */
export interface ForeignHeader extends Size {
  frames: number
  /** How many more images or animations the file holds, which are not shown. */
  unshown?: number
  /** Bytes that one decoded pixel takes. */
  bytesPerPixel: number
  timing?: Timing
}

/** What is decoded of a file. */
export interface Order {
  /** How many frames are written, from the first on. */
  kept: number
  /** How many are decoded. */
  decoded: number
  /** The size that a drawing is written in. Others are written in their own size. */
  size: Size
  /** Whether a drawing is also drawn in its full size, which shows whether every size can be drawn. */
  isChecked: boolean
}

/** Descriptors of the decoder process: the file, and what its pixels are written to. */
export const SOURCE_FD = 4
export const PIXELS_FD = 5

export type ToDecoder = { kind: 'open'; format: ForeignFormat } | { kind: 'decode'; order: Order }

export type FromDecoder =
  | { kind: 'header'; header: ForeignHeader }
  | { kind: 'done' }
  | { kind: 'refused'; detail: string; cause: string }
  | { kind: 'failed'; cause: string }

/** A file whose header was read. */
export interface OpenFile {
  header: ForeignHeader
  /** Decodes, and writes the pixels to `PIXELS_FD`. */
  decode(order: Order): Promise<void>
}
