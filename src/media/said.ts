import { foldTagCase, isBlank } from '../base/fold.ts'
import {
  type CameraData,
  type FileMetadata,
  REVEALED,
  type Revealed,
} from '../images/file-metadata.ts'
import { MAX_TEXT, type MemberChanges, readMembers, WITH_LINES } from './members.ts'
import { MAX_TAG_CODE_POINTS, MAX_TAGS } from './parameters.ts'

/*
 * What the file of an item says of its image. It is kept with the file, so that bytes which the library has already
 * are not read again.
 */

/** Members of an item that its file can give. */
const SAID_MEMBERS = [
  'alt',
  'description',
  'credit',
  'copyright',
  'rating',
  'focus',
  'takenAt',
] as const

type SaidMembers = Pick<MemberChanges, (typeof SAID_MEMBERS)[number]>

/** What a file says, by the rules for members of items. */
export interface Said extends SaidMembers {
  /** Tags, as `readTags` returns them. */
  keywords?: readonly string[]
  location?: { lat: number; lon: number }
  exif?: CameraData
  /** How many more images, pages or animations the file holds than the image that is shown. */
  unshown?: number
}

/** The columns of a file. */
export interface SaidColumns {
  said: string | null
  reveals: string | null
}

/** @param metadata undefined if they could not be read */
export function saidColumns(metadata: FileMetadata | undefined): SaidColumns {
  if (!metadata) return { said: null, reveals: null }
  const said = fitMetadata(metadata)
  return {
    said: Object.keys(said).length > 0 ? JSON.stringify(said) : null,
    reveals: REVEALED.filter((name) => metadata.reveals.includes(name)).join(),
  }
}

/** Reads the column `said`. */
export const parseSaid = (said: string | null): Said => (said === null ? {} : JSON.parse(said))

/**
 * Says what of a file is not shown.
 * @param type MIME type
 */
export function warningsOf({ unshown = 0 }: Said, type: string): string[] {
  if (unshown === 0) return []
  return type === 'image/tiff'
    ? [`The file has ${unshown + 1} pages. Only the first one is shown.`]
    : ['The file holds an animation or more images. Only its main image is shown.']
}

/** Reads the column `reveals`. */
export function parseReveals(reveals: string | null): Revealed[] {
  const names = reveals?.split(',') ?? []
  return REVEALED.filter((name) => names.includes(name))
}

/**
 * Makes metadata fit for an item. A text that is too long is cut, and its last character is an ellipsis then. Whatever
 * else breaks a rule is left out.
 */
export function fitMetadata(metadata: FileMetadata): Said {
  const members = SAID_MEMBERS.map((name) => fitMember(name, metadata[name]))
  const keywords = fitKeywords(metadata.keywords ?? [])
  const location = fitLocation(metadata.location)
  const exif = fitCamera(metadata.exif ?? {})
  return {
    ...Object.assign({}, ...members),
    ...(keywords.length > 0 && { keywords }),
    ...(location && { location }),
    ...(Object.keys(exif).length > 0 && { exif }),
    ...(isCount(metadata.unshown) && { unshown: metadata.unshown }),
  }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0

function fitMember(name: (typeof SAID_MEMBERS)[number], given: unknown): SaidMembers {
  const value =
    typeof given === 'string' && name in MAX_TEXT
      ? fitText(given, MAX_TEXT[name as keyof typeof MAX_TEXT], WITH_LINES.has(name))
      : given
  // A file cannot say that an image is decorative, or that it has no rating.
  if (value === undefined || value === '' || value === 0) return {}
  try {
    return readMembers({ [name]: value })
  } catch {
    return {}
  }
}

/** Text of a stranger as a text of a member: without control characters, in NFC, and not too long. */
function fitText(given: string, most: number, withLines: boolean): string {
  // Cut first, because the text may be megabytes long. NFC makes at most three code points of one.
  const controls = withLines ? /(?![\n\t])\p{Cc}/gu : /\p{Cc}+/gu
  const text = given
    .slice(0, 4 * most)
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(controls, ' ')
    .trim()
    .normalize('NFC')
  const points = [...text]
  return points.length <= most
    ? text
    : `${points
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

/** Part of a tag could be another tag, so one that is too long is left out. */
function fitKeywords(given: readonly string[]): string[] {
  const tags = new Map<string, string>()
  for (const text of given) {
    for (const part of text.split(',')) {
      const tag = fitText(part, MAX_TAG_CODE_POINTS + 1, false)
      const key = foldTagCase(tag)
      if (isBlank(tag) || [...tag].length > MAX_TAG_CODE_POINTS || tags.has(key)) continue
      tags.set(key, tag)
      if (tags.size === MAX_TAGS) return [...tags.values()]
    }
  }
  return [...tags.values()]
}

function fitLocation(location: FileMetadata['location']): Said['location'] {
  const { lat, lon } = location ?? {}
  return isWithin(lat, 90) && isWithin(lon, 180) ? { lat, lon } : undefined
}

const isWithin = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Math.abs(value) <= most

/** Longest text about a camera, in code points. */
const MAX_CAMERA_TEXT = 255

const CAMERA_MEMBERS = {
  make: 'text',
  model: 'text',
  lens: 'text',
  exposureTime: 'number',
  fNumber: 'number',
  iso: 'number',
  focalLength: 'number',
  focalLength35: 'number',
  software: 'text',
} as const satisfies Record<keyof CameraData, 'text' | 'number'>

/** A camera that does not know a number writes 0, or an infinite one. */
function fitCamera(given: CameraData): CameraData {
  const fit: Record<string, string | number> = {}
  for (const [name, form] of Object.entries(CAMERA_MEMBERS)) {
    const value = given[name as keyof CameraData]
    if (form === 'number') {
      if (typeof value === 'number' && value > 0 && value < 1e6) fit[name] = value
    } else if (typeof value === 'string') {
      const text = fitText(value, MAX_CAMERA_TEXT, false)
      if (!isBlank(text)) fit[name] = text
    }
  }
  return fit
}

/** As long as a time without its zone. */
const LOCAL_LENGTH = 'YYYY-MM-DDTHH:mm:ss'.length

/**
 * Joins what a sidecar says with what its file says. The sidecar counts first: people wrote it last. Of the camera, the
 * file counts first.
 */
export function joinSaid(sidecar: Said, file: Said): Said {
  const joined = { ...file, ...sidecar }
  // Programs that copy the time of the file may leave out the zone.
  const isCopied = sidecar.takenAt === file.takenAt?.slice(0, LOCAL_LENGTH)
  return {
    ...joined,
    ...(isCopied && file.takenAt && { takenAt: file.takenAt }),
    ...(joined.exif && { exif: { ...sidecar.exif, ...file.exif } }),
  }
}

/**
 * Adds to what people say of a new item what its file says. Whatever they say counts, also that a member is empty.
 * @param withKeywords whether keywords of the file become tags, as far as there is room for them
 */
export function addSaid(
  given: { tags: readonly string[]; members: Omit<MemberChanges, 'name' | 'tags'> },
  said: Said,
  withKeywords: boolean,
): typeof given {
  const { keywords = [], location: _location, exif: _exif, unshown: _unshown, ...members } = said
  if (!withKeywords) return { tags: given.tags, members: { ...members, ...given.members } }
  const known = new Set(given.tags.map(foldTagCase))
  const more = keywords.filter((tag) => !known.has(foldTagCase(tag)))
  const room = Math.max(0, MAX_TAGS - given.tags.length)
  return {
    tags: [...given.tags, ...more.slice(0, room)],
    members: { ...members, ...given.members },
  }
}

/** The columns of an item that come from its file alone. */
export const factColumns = ({ location, exif }: Said) => ({
  location: location ? JSON.stringify(location) : null,
  exif: exif ? JSON.stringify(exif) : null,
})

/** Whether a text could be in the column `said`. */
export function isSaid(text: string): boolean {
  try {
    const said: unknown = JSON.parse(text)
    if (typeof said !== 'object' || said === null || Array.isArray(said)) return false
    return JSON.stringify(fitMetadata({ ...said, reveals: [] })) === text
  } catch {
    return false
  }
}

/** Whether a text could be in the column `reveals`. */
export const isReveals = (text: string): boolean => parseReveals(text).join() === text
