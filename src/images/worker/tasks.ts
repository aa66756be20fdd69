import type { Format, ImageExtension, ImageType } from '../formats.ts'
import type { Conversion } from './colour/conversion.ts'
import type { RefusalReason } from './refusal.ts'

/** What a file says of itself; only a full decode shows whether it is true. */
export interface Header {
  format: Format
  /** Pixels of one frame, as it is shown: after orientation. */
  width: number
  height: number
  /** 1 unless animated. */
  frames: number
  /** That one decoded pixel takes in the decoder. */
  bytesPerPixel?: number
  /** Whether the decoder can only hold all of the image at once: what is interlaced or progressive. */
  isHeldWhole?: boolean
  /** What the decoder does not bring to sRGB by itself. */
  conversion?: Conversion | undefined
}

export interface RenderedImage {
  path: string
  size: number
  /** Hex. */
  sha256: string
  width: number
  height: number
}

/** What is shown before an image is there. */
export interface Preview {
  /** base64; https://evanw.github.io/thumbhash/ */
  thumbhash: string
  /** The dominant colour, `#rrggbb`. */
  color: string
}

export interface ProcessedImage extends Preview {
  type: ImageType
  extension: ImageExtension
  /** Pixels of one frame, after orientation. */
  width: number
  height: number
  frames: number
  scaled: RenderedImage
}

/** What a worker process can be asked for. Paths are absolute; output files go into `folder`. */
export interface Tasks {
  readHeader: { input: { path: string }; output: Header }
  process: { input: { path: string; folder: string; header: Header }; output: ProcessedImage }
  renderScaled: {
    input: { path: string; folder: string; header: Header }
    output: RenderedImage & { preview: Preview }
  }
  renderHigh: {
    input: { path: string; folder: string; header: Header; animated: boolean }
    output: RenderedImage
  }
}

export interface WorkerLimits {
  /** Processor time of one task. */
  seconds: number
  /** Resident memory of the process. */
  memoryBytes: number
}

/** Parent to worker; one at a time. */
export interface Request<Name extends keyof Tasks = keyof Tasks> {
  name: Name
  input: Tasks[Name]['input']
  limits: WorkerLimits
}

/** Worker to parent: `ready` once, then one of the others for each request. */
export type Reply =
  | { kind: 'ready' }
  | { kind: 'done'; output: Tasks[keyof Tasks]['output'] }
  | { kind: 'refused'; reason: RefusalReason; detail: string; cause: string }
  | { kind: 'failed'; cause: string }
