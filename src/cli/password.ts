import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { UsageError } from '../base/errors.ts'
import { heard } from '../base/heard.ts'

/**
 * Reads a new password: the whole of standard input without one trailing newline, or two hidden entries at
 * a terminal.
 * @throws UsageError
 */
export async function readNewPassword(
  username: string,
  { passwordStdin = false }: { passwordStdin?: boolean },
): Promise<string> {
  if (passwordStdin) return readStandardInput()
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(
      'There is no terminal to ask for the password; give it on standard input with --password-stdin.',
    )
  }
  return askTwice(username)
}

async function readStandardInput(): Promise<string> {
  const bytes = await buffer(process.stdin)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    throw new UsageError('The password on standard input is not in UTF-8.')
  }
}

async function askTwice(username: string): Promise<string> {
  // Readline echoes what is typed to its output, so the output discards everything.
  const nowhere = heard(new Writable({ write: (_chunk, _encoding, done) => done() }))
  const terminal = createInterface({
    input: process.stdin,
    output: nowhere,
    terminal: true,
    historySize: 0,
  })
  const lines = terminal[Symbol.asyncIterator]()
  const ask = async (question: string): Promise<string> => {
    process.stderr.write(question)
    const { value, done } = await lines.next()
    process.stderr.write('\n')
    if (done) throw new UsageError('No password was given.')
    return value
  }
  try {
    const password = await ask(`New password of ${username}: `)
    const again = await ask('The same again: ')
    if (password !== again) throw new UsageError('The two passwords differ.')
    return password
  } finally {
    terminal.close()
  }
}
