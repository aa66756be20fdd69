/**
 * For tests, loaded into a process before the program (`node --import`). Kills the process right before a
 * given step of its work, as a power cut would. A step is a call that changes something on disk, the start
 * or commit of a write transaction, or a response. Between two steps nothing outside the process changes,
 * so that the steps cover every instant.
 *
 * A request names the step. `x-kill-at: 5` kills before the fifth step from there on; with `x-kill-late`
 * the steps after the response count too. `x-hold-at: 5` holds that step, prints so on standard error, and
 * continues after another request has committed. For a command, `KILL_AT` counts from the first file that
 * it receives.
 */
import { subscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'
import { type IncomingMessage, ServerResponse } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { StatementSync } from 'node:sqlite'

const { KILL_AT } = process.env
let steps = 0
let killAt = 0
let holdAt = 0
let held: PromiseWithResolvers<void> | undefined
let armedBy: IncomingMessage | undefined

subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
  const { 'x-kill-at': kill, 'x-hold-at': hold } = request.headers
  if (kill === undefined && hold === undefined) return
  armedBy = request
  steps = 0
  killAt = Number(kill ?? 0)
  holdAt = Number(hold ?? 0)
  response.once('finish', () => {
    if (armedBy === request && request.headers['x-kill-late'] === undefined) killAt = holdAt = 0
  })
})

function step(): void {
  steps += 1
  if (steps === killAt) process.kill(process.pid, 'SIGKILL')
}

/** A step that can wait; steps in SQLite cannot. */
async function slowStep(call: string): Promise<void> {
  step()
  if (steps !== holdAt) return
  held = Promise.withResolvers()
  process.stderr.write(`held at step ${steps}: ${call}\n`)
  await held.promise
}

const CALLS = ['copyFile', 'link', 'mkdir', 'mkdtemp', 'open', 'rename', 'rm', 'unlink'] as const
for (const call of CALLS) {
  const original = fs.promises[call]
  const stepping = async (...parameters: unknown[]) => {
    const isNewFile = call === 'open' && parameters[1] === 'wx'
    if (isNewFile && KILL_AT !== undefined && killAt === 0) {
      steps = 0
      killAt = Number(KILL_AT)
    }
    if (isNewFile || call !== 'open') await slowStep(call)
    return Reflect.apply(original, fs.promises, parameters)
  }
  Object.assign(fs.promises, { [call]: stepping })
}

const handle = await fs.promises.open('.')
const fileHandle = Object.getPrototypeOf(handle)
await handle.close()
for (const call of ['sync', 'writeFile']) {
  const original = fileHandle[call]
  fileHandle[call] = async function (...parameters: unknown[]) {
    await slowStep(call)
    return Reflect.apply(original, this, parameters)
  }
}
syncBuiltinESMExports()

const { run } = StatementSync.prototype
StatementSync.prototype.run = function (...parameters) {
  const isCommit = this.sourceSQL === 'COMMIT'
  if (isCommit || this.sourceSQL === 'BEGIN IMMEDIATE') step()
  const result = Reflect.apply(run, this, parameters)
  if (isCommit) held?.resolve()
  return result
}

const { writeHead } = ServerResponse.prototype
Object.assign(ServerResponse.prototype, {
  writeHead(...parameters: unknown[]) {
    step()
    return Reflect.apply(writeHead, this, parameters)
  },
})
