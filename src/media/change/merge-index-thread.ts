/** The thread that merges the search index of SQLite, a step each time it is asked (`merge-index.ts`). */
import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite } from '../../database/sqlite.ts'

/** Pages that one step writes, and more where a single term has more. */
const PAGES_AT_ONCE = 48
/** How long a step waits while others write. */
const BUSY_MS = 10_000

const connection = openSqlite(workerData.file, 'write')
connection.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
const countChanges = connection.prepare('SELECT total_changes() AS changes')
const merge = connection.prepare(
  `INSERT INTO media_search (media_search, rank) VALUES ('merge', ${PAGES_AT_ONCE})`,
)

const readChanges = () => Number(countChanges.get()?.changes)

parentPort?.on('message', (request: 'merge' | 'close') => {
  if (request === 'close') {
    connection.close()
    parentPort?.close()
    return
  }
  const before = readChanges()
  merge.run()
  // As FTS5's documentation tells whether there was anything to merge.
  parentPort?.postMessage(readChanges() - before < 2)
})
