/** Tries what a decoder must not be able to do, and says what worked. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { PIXELS_FD, SOURCE_FD } from './protocol.ts'

const [, , secret = '', folder = '', port = ''] = process.argv

const attempts: Readonly<Record<string, () => unknown>> = {
  'read a file': () => readFileSync(secret),
  'write a file': () => writeFileSync(`${folder}/written`, 'x'),
  'start a program': () => execFileSync('/bin/true'),
  'reach the network': () =>
    new Promise((resolve, reject) => {
      connect(Number(port), '127.0.0.1').on('connect', resolve).on('error', reject)
    }),
  'read its source': () => readFileSync(SOURCE_FD),
  'write its pixels': () => writeSync(PIXELS_FD, 'pixels'),
}

const worked: string[] = []
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt()
    worked.push(name)
  } catch {
    // Not allowed.
  }
}
process.send?.(worked, undefined, undefined, () => process.disconnect?.())
