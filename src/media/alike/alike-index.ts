import type { Database } from '../../database/database.ts'
import { type Parameter, prepare } from '../../database/prepared.ts'
import { findNearest, type Vectors } from './nearest.ts'
import {
  COLOR_DIMENSIONS,
  IMAGE_DIMENSIONS,
  STEPS,
  writeColorVector,
  writeImageVector,
} from './signature.ts'

/** At most this many files are compared, the newest ones. They take 100 MB, and 150 MB while the memory grows. */
const MAX_FILES = 4_000_000
/** Files that are read before other requests get a turn: some milliseconds. */
const FILES_AT_ONCE = 1000
/** The memory is freed if nobody has asked for this long. */
const IDLE_MS = 10 * 60_000

export type By = 'image' | 'color'

/** The signatures of all files, in the order of their ids. */
export interface Signatures {
  count: number
  files: Uint32Array
  image: Vectors
  color: Vectors
}

export interface AlikeFile {
  fileId: number
  /** 0 for the same signature; 1 for black and white. */
  distance: number
}

export interface AlikeIndex {
  /** Up to date with the files of the library, those in the trash included. */
  read(): Promise<Signatures>
  /**
   * The files nearest to a file, itself included, the nearest first.
   * @returns none if there is no such file
   */
  findNear(fileId: number, by: By, most: number): Promise<AlikeFile[]>
}

/**
 * Keeps the signatures of all files in memory, 24 bytes a file. The first use reads them from the database, later uses
 * read what was added since. The signature of a deleted file stays: its id is never given again.
 */
export function createAlikeIndex(database: Pick<Database, 'run'>): AlikeIndex {
  let signatures: Signatures | undefined
  let reading: Promise<Signatures> | undefined
  let idle: NodeJS.Timeout | undefined

  async function readNew(): Promise<Signatures> {
    const known = signatures ?? createSignatures()
    signatures = known
    for (let last = known.files[known.count - 1] ?? 0; ; ) {
      const rows = await database.run(findFiles, last, FILES_AT_ONCE)
      for (const row of rows) addFile(known, row)
      last = rows.at(-1)?.id ?? last
      if (rows.length < FILES_AT_ONCE) return known
      await new Promise(setImmediate)
    }
  }

  const read = () => {
    clearTimeout(idle)
    idle = setTimeout(() => {
      signatures = undefined
    }, IDLE_MS).unref()
    reading ??= readNew().finally(() => {
      reading = undefined
    })
    return reading
  }

  return {
    read,
    async findNear(fileId, by, most) {
      const { count, files, [by]: vectors } = await read()
      const place = files.subarray(0, count).indexOf(fileId)
      if (place === -1) return []
      const { dimensions, numbers } = vectors
      const target = numbers.slice(place * dimensions, (place + 1) * dimensions)
      const found = await findNearest(vectors, count, target, most)
      return found.map(({ index, square }) => ({
        fileId: files[index] ?? 0,
        distance: Math.sqrt(square) / STEPS,
      }))
    },
  }
}

const findFiles = prepare((db, after: Parameter<number>, limit: Parameter<number>) =>
  db
    .selectFrom('files')
    .select(['id', 'thumbhash', 'color', 'width', 'height'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .compile(),
)

const FIRST_ROOM = 1024

function createSignatures(): Signatures {
  const vectors = (dimensions: number) => ({
    dimensions,
    numbers: new Int8Array(FIRST_ROOM * dimensions),
  })
  return {
    count: 0,
    files: new Uint32Array(FIRST_ROOM),
    image: vectors(IMAGE_DIMENSIONS),
    color: vectors(COLOR_DIMENSIONS),
  }
}

interface FileRow {
  id: number
  thumbhash: string
  color: string
  width: number
  height: number
}

function addFile(signatures: Signatures, { id, thumbhash, color, width, height }: FileRow): void {
  if (signatures.count === MAX_FILES) dropOldest(signatures)
  if (signatures.count === signatures.files.length) grow(signatures)
  const index = signatures.count++
  signatures.files[index] = id
  writeImageVector(thumbhash, width / height, vectorAt(signatures.image, index))
  writeColorVector(color, vectorAt(signatures.color, index))
}

const vectorAt = ({ dimensions, numbers }: Vectors, index: number) =>
  numbers.subarray(index * dimensions, (index + 1) * dimensions)

function grow(signatures: Signatures): void {
  const room = Math.min(Math.ceil(signatures.files.length * 1.5), MAX_FILES)
  const files = new Uint32Array(room)
  files.set(signatures.files)
  signatures.files = files
  for (const vectors of [signatures.image, signatures.color]) {
    const numbers = new Int8Array(room * vectors.dimensions)
    numbers.set(vectors.numbers)
    vectors.numbers = numbers
  }
}

/** A sixteenth of them, so that the rest is seldom moved. */
function dropOldest(signatures: Signatures): void {
  const gone = Math.ceil(signatures.count / 16)
  signatures.files.copyWithin(0, gone)
  for (const { dimensions, numbers } of [signatures.image, signatures.color]) {
    numbers.copyWithin(0, gone * dimensions)
  }
  signatures.count -= gone
}
