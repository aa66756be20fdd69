/** What originals may reveal of people, beside what they show. */
export const REVEALED = ['position', 'serial', 'faces'] as const

/**
 * `position`: coordinates of a place; `serial`: the serial number of a camera or lens; `faces`: areas that are marked
 * as faces.
 */
export type Revealed = (typeof REVEALED)[number]

/** Camera, lens and exposure. */
export interface CameraData {
  make?: string
  model?: string
  lens?: string
  /** Seconds. */
  exposureTime?: number
  fNumber?: number
  iso?: number
  /** Millimetres. */
  focalLength?: number
  /** The focal length that shows the same on 35 mm film, in millimetres. */
  focalLength35?: number
  software?: string
}

/**
 * What EXIF, IPTC and XMP of a file say of its image. Anybody may have written it: texts may be long and hold any
 * character, and numbers may be out of range. `media/said.ts` makes it fit for items.
 */
export interface FileMetadata {
  alt?: string
  description?: string
  credit?: string
  copyright?: string
  rating?: number
  /** `YYYY-MM-DDTHH:mm:ss`, perhaps with a zone. */
  takenAt?: string
  /** Parts of the upright image. */
  focus?: { x: number; y: number }
  /** Degrees. */
  location?: { lat: number; lon: number }
  keywords?: string[]
  exif?: CameraData
  /** How many more images, pages or animations the file holds than the image that is shown. */
  unshown?: number
  reveals: Revealed[]
}
