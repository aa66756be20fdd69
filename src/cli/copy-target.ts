import { mkdir, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { UsageError } from '../base/errors.ts'
import { type Config, databaseLocation, filesPath } from '../config.ts'
import type { DatabaseLocation } from '../database/database.ts'
import { openDatabase } from '../database/open.ts'
import { databaseSettings } from '../database/settings.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { S3Place } from '../storage/s3/s3-url.ts'
import { storageSettings } from '../storage/settings.ts'
import type { OpenLibrary } from '../transfer/library-target.ts'

/** The target of a copy, as given on the command line. */
export interface TargetOptions {
  toData?: string
  toDatabase?: string
  toStorage?: string
}

/** The place of a library's objects: a bucket, or a folder. */
type StorageLocation = S3Place | string

export interface Target {
  database: DatabaseLocation
  /** Undefined if the objects stay where they are. */
  storage: StorageLocation | undefined
}

/**
 * Finds the target as a server would, with the settings of the same names.
 * @throws UsageError
 */
export function readTarget(config: Config, options: TargetOptions): Target {
  const { toData, toDatabase, toStorage } = options
  if (toData === undefined && toDatabase === undefined) {
    throw new UsageError(
      'Say where the database goes: --to-database postgres://…, or --to-data and a folder.',
    )
  }
  const data = toData === undefined ? undefined : resolve(toData)
  const databaseUrl = parse('--to-database', toDatabase, databaseSettings.databaseUrl.parse)
  const bucket = parse('--to-storage', toStorage, storageSettings.storageUrl.parse)
  const { databaseConnections } = config
  return {
    database: databaseLocation({ data: data ?? '', databaseUrl, databaseConnections }),
    storage: bucket ?? (data === undefined ? undefined : join(data, 'files')),
  }
}

function parse<T>(flag: string, text: string | undefined, parseText: (text: string) => T) {
  if (text === undefined) return undefined
  try {
    return parseText(text)
  } catch (error) {
    throw new UsageError(`${flag} must be ${error instanceof Error ? error.message : error}`)
  }
}

/** Opens the target. It shares the storage of the source if the objects stay where they are. */
export async function openTarget(
  config: Config,
  target: Target,
  source: OpenLibrary,
): Promise<OpenLibrary> {
  const storage = await openTargetStorage(config, target, source)
  // `unfinished` also opens a target that an earlier run left incomplete.
  return { storage, database: await openDatabase(target.database, undefined, { unfinished: true }) }
}

async function openTargetStorage(config: Config, { storage }: Target, source: OpenLibrary) {
  if (storage === undefined) return source.storage
  const own = config.storageUrl ?? filesPath(config)
  if (typeof storage === 'string') {
    await mkdir(storage, { recursive: true, mode: 0o700 })
    const isSame = typeof own === 'string' && (await realpath(own)) === (await realpath(storage))
    return isSame ? source.storage : openStorage(undefined, storage)
  }
  return isSameBucket(storage, own) ? source.storage : openStorage(storage, '')
}

const isSameBucket = (place: S3Place, own: StorageLocation): boolean =>
  typeof own !== 'string' &&
  place.bucket === own.bucket &&
  place.prefix === own.prefix &&
  place.endpoint === own.endpoint
