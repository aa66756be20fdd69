import { openLibrary } from '../app.ts'
import type { Config } from '../config.ts'
import { createLog } from '../http/operate/logging.ts'
import type { Revealed } from '../images/file-metadata.ts'
import { startProgress } from '../transfer/progress.ts'
import { nameItems } from '../upkeep/finding.ts'
import { listRevealing } from '../upkeep/list-revealing.ts'
import { countUnread, readMetadataOfAll } from '../upkeep/read-metadata.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { runStoppable } from './stoppable.ts'

const WORDS: Readonly<Record<Revealed, string>> = {
  position: 'a position',
  serial: 'a serial number',
  faces: 'marked faces',
}

/** Prints the originals that reveal something of people: a line for each, and a last line with the count. */
export async function privacy(config: Config): Promise<void> {
  await requireLibrary(config)
  await withDatabase(
    config,
    async ({ read }) => {
      let count = 0
      const progress = startProgress('originals')
      try {
        for await (const { id, reveals } of listRevealing(read)) {
          count += 1
          const words = reveals.map((name) => WORDS[name]).join(', ')
          progress.print(`The original of ${await nameItems(read, id)} carries ${words}.`)
          progress.advance()
        }
      } finally {
        progress.stop()
      }
      console.log(`${count} ${count === 1 ? 'original carries' : 'originals carry'} such facts`)
      const unread = await countUnread(read)
      if (unread > 0) {
        const were = unread === 1 ? 'original was' : 'originals were'
        console.log(`${unread} ${were} never asked; \`vitrine read-metadata\` does so.`)
      }
    },
    { asItIs: true },
  )
}

/** Reads what originals say that an earlier version added, and fills what is empty in their items. */
export async function readMetadata(config: Config): Promise<void> {
  await requireLibrary(config)
  const library = await openLibrary(config, createLog(config.logLevel))
  try {
    process.exitCode = await runStoppable(async (signal) => {
      const progress = startProgress('files')
      try {
        progress.setTotal(await countUnread(library.database.read))
        const advance = () => progress.advance()
        const { files, items, unreadable } = await readMetadataOfAll(library, { signal, advance })
        progress.print(
          `${files} ${files === 1 ? 'file' : 'files'} read, ${items} ${items === 1 ? 'item' : 'items'} filled, ${unreadable} cannot be read`,
        )
      } finally {
        progress.stop()
      }
      return 0
    }, 'Run it again to go on.')
  } finally {
    await library.close()
  }
}
