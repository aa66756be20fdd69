/** The thread that merges the search index of SQLite, one step for each message (`merge-index.ts`). */
import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite } from '../../database/sqlite.ts'

/** Pages that one step writes. A step writes more if a single term has more. */
const PAGES_AT_ONCE = 48
/** How long a step waits for other writers. */
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
  // According to FTS5's documentation, fewer than 2 changes mean that there was nothing to merge.
  parentPort?.postMessage(readChanges() - before < 2)
})
