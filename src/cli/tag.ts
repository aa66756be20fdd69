import { openLibrary } from '../app.ts'
import { UsageError } from '../base/errors.ts'
import { foldTerm } from '../base/fold.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { createLog } from '../http/operate/logging.ts'
import { runPaced } from '../media/change/paced-work.ts'
import { createTagWork, findTagged, type TagRename } from '../media/change/rename-tag.ts'
import { isWhiteSpace } from '../media/list/search.ts'
import { readTag } from '../media/parameters.ts'
import { listTags } from '../media/tags.ts'
import { startProgress } from '../transfer/progress.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { runStoppable } from './stoppable.ts'
import { printTable } from './table.ts'

/** Prints the tags in use, those that most items have first. */
export async function tagList(
  config: Config,
  { search = '', limit }: { search?: string; limit: string },
): Promise<void> {
  if (!/^[1-9]\d{0,8}$/.test(limit)) {
    throw new UsageError(
      `--limit is ${JSON.stringify(limit)}; it must be a whole number from 1 on.`,
    )
  }
  await requireLibrary(config)
  const query = {
    search: isWhiteSpace(search) ? '' : foldTerm(search.trim()),
    limit: Number(limit),
  }
  const { tags, total } = await withDatabase(config, ({ read }) => listTags(read, query))
  printTable(
    ['ITEMS', 'TAG'],
    tags.map(({ tag, count }) => [String(count), tag]),
  )
  if (total > tags.length) console.error(`There are ${total}; show more with --limit.`)
}

/** Renames a tag of all items. */
export async function tagRename(config: Config, from: string, to: string): Promise<void> {
  await change(config, () => ({ from: readTag(from, 'from'), to: readTag(to, 'to') }))
}

/** Removes a tag from all items. */
export async function tagRemove(config: Config, tag: string): Promise<void> {
  await change(config, () => ({ from: readTag(tag, 'tag'), to: undefined }))
}

async function change(config: Config, read: () => TagRename): Promise<void> {
  await requireLibrary(config)
  const rename = read()
  const library = await openLibrary(config, createLog(config.logLevel))
  try {
    process.exitCode = await runStoppable(
      (signal) => changeAll(library.database, rename, signal),
      'Run it again for the rest.',
    )
  } finally {
    await library.close()
  }
}

async function changeAll(
  database: Database,
  rename: TagRename,
  signal: AbortSignal,
): Promise<number> {
  const tagged = await findTagged(database.read, rename.from)
  if (tagged.total === 0) {
    console.log(`No item has the tag ${JSON.stringify(rename.from)}.`)
    return 0
  }
  const progress = startProgress('items')
  let error: unknown
  const lines = runPaced(database, tagged, {
    ...createTagWork(database, rename),
    message: '',
    explain(fault) {
      error = fault
      return { data: '', code: 500, error: '' }
    },
    signal,
  })
  let done = 0
  progress.setTotal(tagged.total)
  try {
    for await (const line of lines) {
      const told: { done: number } = JSON.parse(line)
      for (; done < told.done; done++) progress.advance()
    }
  } finally {
    progress.stop()
  }
  const verb = rename.to === undefined ? 'Removed the tag from' : 'Renamed the tag of'
  console.log(`${verb} ${done} of ${tagged.total} ${tagged.total === 1 ? 'item' : 'items'}.`)
  if (error !== undefined) throw error
  return 0
}
