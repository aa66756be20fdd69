/** Formats in which images are sent. */
export type OutputFormat = 'webp' | 'avif' | 'jpg' | 'png'

/** The format of an address. `auto` chooses by the request's `Accept` header. */
export type Extension = OutputFormat | 'auto'

/** What `cover` and `ar` keep: a side or corner, what draws the eye, or a point in percent from the left and the top. */
export type Position =
  | 'center'
  | 'top'
  | 'right'
  | 'bottom'
  | 'left'
  | 'top-left'
  | 'top-right'
  | 'bottom-left'
  | 'bottom-right'
  | 'attention'
  | { readonly x: number; readonly y: number }

/** How an image is made from its original. An absent option is at its default. */
export interface Options {
  /** `w`: pixels of the result, after `rotate`. */
  readonly width?: number
  /** `ar`: the ratio of width to height that the image is cut to. */
  readonly ratio?: readonly [width: number, height: number]
  /** `h`: pixels of the result, after `rotate`. */
  readonly height?: number
  /** How an image fits into `width` and `height`; inside unless said. */
  readonly fit?: 'cover' | 'contain'
  /** `pos` */
  readonly position?: Position
  /** What is cut out of the upright image before everything else, in percent of its sides. */
  readonly crop?: {
    readonly x: number
    readonly y: number
    readonly width: number
    readonly height: number
  }
  /** `rot`: degrees clockwise, after the image is upright. */
  readonly rotate?: 90 | 180 | 270
  /** Mirrored from left to right (`h`) or from top to bottom (`v`), after `rotate`. */
  readonly flip?: 'h' | 'v'
  /** `bg`: what is behind transparency, as `rrggbb`. */
  readonly background?: string
  /** 1 to 100: the standard deviation of a Gaussian blur, in pixels of the result. */
  readonly blur?: number
  readonly gray?: true
  /** Which frame of an animation is shown, from 0. */
  readonly frame?: number
  /** `q`: 1 to 100. */
  readonly quality?: number
}

/** The last part of an image's address: `hero,v_3,w_800.webp`, or `w_640,ar_16-9,s_a-….jpg`. */
export interface ImageAddress {
  /** The name of a preset, whose options come before `options`. `scaled` and `high` are two of them. */
  readonly preset?: string
  /** `v`: the revision of the preset. */
  readonly revision?: number
  readonly options: Options
  readonly extension: Extension
  /** `s`: by which key it is signed, and the signature. */
  readonly signature?: { readonly id: string; readonly value: string }
}
