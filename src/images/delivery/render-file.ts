import { createWriteStream } from 'node:fs'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { mediaNotFound } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import { ObjectMissing, type Storage } from '../../storage/storage.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { Images } from '../images.ts'
import type { Plan } from '../plan/plan.ts'
import { type KeepDeps, keepImage } from './keep-image.ts'
import { findStored, type StoredImage } from './source-lookup.ts'

/** An image that can be made of a file, and the name under which it is kept. */
export interface Wanted {
  name: string
  /** Undefined for the variants `scaled` and `high`. */
  plan?: Plan
}
