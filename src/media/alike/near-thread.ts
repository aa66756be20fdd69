import { parentPort, workerData } from 'node:worker_threads'
import { findGroups } from './near-groups.ts'

/** Finds groups of near vectors, away from the requests of the server, and answers with them. */
parentPort?.postMessage(findGroups(workerData.vectors, workerData.count, workerData.most))
