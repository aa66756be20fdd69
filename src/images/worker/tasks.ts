import type { FileMetadata } from '../file-metadata.ts'
import type { Format, ImageExtension, ImageType } from '../formats.ts'
import type { FitPlan, Plan } from '../plan/plan.ts'
import type { Conversion } from './colour/conversion.ts'
import type { Timing } from './finish.ts'
import type { IntermediateExtension } from './intermediate.ts'

/** Priority of processes that decode: 19 is the lowest. This one keeps lists fast while every core processes images. */
export const NICENESS = 15

/** The properties that a file claims. Only a full decode shows whether they are true. */
export interface Header {
  format: Format
  /** Pixels of one frame as it is shown, after orientation. */
  width: number
  height: number
  /** 1 unless animated. */
  frames: number
  /** How many more images, pages or animations the file holds, which are not shown. */
  unshown?: number | undefined
  /** EXIF's value, 1 to 8, of how the pixels are stored. Without one, they are stored upright. */
  orientation?: number | undefined
  /** Bytes that one decoded pixel takes in the decoder. */
  bytesPerPixel?: number
  /** Whether the decoder must hold the whole image at once, because it is interlaced or progressive. */
  isHeldWhole?: boolean
  /** The conversion to sRGB that the decoder does not do by itself. */
  conversion?: Conversion | undefined
  /** Of an animation whose frames are decoded one by one, so that the decoder does not know it. */
  timing?: Timing | undefined
  /** If the file holds pixels that another decoder wrote: how many of the frames it holds. */
  kept?: number | undefined
}

export interface HeaderOptions {
  /** The formats that are accepted; all if absent. */
  formats?: readonly Format[] | undefined
  /** Whether a PNG counts as a still, whatever it says of frames. */
  isStill?: boolean | undefined
  /** What is known of a file of pixels that another decoder wrote. */
  decoded?: Decoded | undefined
}

export interface Decoded {
  format: Format
  /** The path of the file that was decoded. */
  original: string
  /** What it claims. A drawing may be decoded in a smaller size. */
  width: number
  height: number
  frames: number
  unshown?: number | undefined
  timing?: Timing | undefined
  kept: number
}

export interface RenderedImage {
  path: string
  size: number
  /** Hex. */
  sha256: string
  width: number
  height: number
}

/** A page shows this until the image has loaded. */
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
  /** Undefined if they could not be read. */
  metadata?: FileMetadata | undefined
}

/** What a render gives besides its image. */
export interface RenderExtras {
  /** Whether the preview is computed. */
  withPreview?: boolean
  /** Whether the intermediate image is written, if the original needs one and this render can give it. */
  withIntermediate?: boolean
}

export interface Rendered extends RenderedImage {
  preview?: Preview
  /** What later images are rendered from. Private. */
  intermediate?: RenderedImage & { extension: IntermediateExtension }
}

/** The tasks of a worker process. Paths are absolute. Output files go into `folder`. */
export interface Tasks {
  readHeader: { input: { path: string } & HeaderOptions; output: Header }
  readMetadata: { input: { path: string; header: Header }; output: FileMetadata | undefined }
  /** `text` is the sidecar, `header` that of its image. */
  readSidecar: { input: { text: string; header: Header }; output: FileMetadata }
  process: {
    input: {
      path: string
      /** The path of the file that was uploaded. `path` may hold its decoded pixels. */
      original: string
      folder: string
      header: Header
    }
    output: ProcessedImage
  }
  render: {
    input: { path: string; folder: string; header: Header; plan: Plan | FitPlan } & RenderExtras
    output: Rendered
  }
  /** The plans differ in `cut` and size alone, and none is animated. */
  renderParts: {
    input: { path: string; folder: string; header: Header; plans: readonly Plan[] }
    output: RenderedImage[]
  }
  renderFromIntermediate: {
    input: { path: string; folder: string; plan: Plan }
    output: RenderedImage
  }
}

export interface WorkerLimits {
  /** Processor time of one task. */
  seconds: number
  /** Resident memory of the process. */
  memoryBytes: number
}

/** Message from parent to worker. Only one request is open at a time. */
export interface Request<Name extends keyof Tasks = keyof Tasks> {
  name: Name
  input: Tasks[Name]['input']
  limits: WorkerLimits
}

/** Message from worker to parent: `ready` once, then one of the others for each request. */
export type Reply =
  | { kind: 'ready' }
  | { kind: 'done'; output: Tasks[keyof Tasks]['output'] }
  | { kind: 'refused'; reason: RefusalReason; detail: string; cause: string }
  | { kind: 'failed'; cause: string }

/**
 * The file is at fault. Every other failure with an image is a plain Error, and a fault of the server.
 */
export class Refusal extends Error {
  /** One sentence for the client. It contains no path and no text of a library. */
  readonly detail: string
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, detail: string, cause?: unknown) {
    super(detail, { cause })
    this.name = 'Refusal'
    this.reason = reason
    this.detail = detail
  }
}

/**
 * `content`: not an accepted, intact image; `limit`: more pixels or frames than accepted; `time`, `memory`:
 * processing exceeded a limit; `crash`: the file crashed the decoder.
 */
type RefusalReason = 'content' | 'limit' | 'time' | 'memory' | 'crash'
