import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { identifyProcess, isRunning, type ProcessIdentity } from './owner.ts'

/** Prints its identity and keeps running. Its name breaks a naive parser of /proc. */
const script = `
  import { identifyProcess } from '${new URL('owner.ts', import.meta.url)}'
  process.title = 'a) Z (b c'
  process.stdout.write(JSON.stringify(await identifyProcess()))
  process.stdin.resume()
`
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function startProcess(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
  children.push(child)
  const [identity] = await once(child.stdout, 'data')
  return { child, identity: JSON.parse(String(identity)) }
}

async function killProcess(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('owner', () => {
  it('distinguishes a running process from one that has ended', async () => {
    const { host } = await identifyProcess()
    const { child, identity } = await startProcess()
    expect(identity.host).toBe(host)
    expect(identity.pid).toBe(child.pid)
    expect(await isRunning(identity, host)).toBe(true)
    await killProcess(child)
    expect(await isRunning(identity, host)).toBe(false)
  })

  it('distinguishes a process from a later one with the same id', async () => {
    const { identity } = await startProcess()
    const earlier = { ...identity, started: String(Number(identity.started) - 1) }
    expect(await isRunning(earlier, identity.host)).toBe(false)
  })

  it('gives itself one identity, and finds itself running', async () => {
    const self = await identifyProcess()
    expect(await identifyProcess()).toEqual(self)
    expect(await isRunning(self, self.host)).toBe(true)
  })

  it('does not judge a process of another host, or one whose start is unknown', async () => {
    const self = await identifyProcess()
    expect(await isRunning({ ...self, host: 'elsewhere' }, self.host)).toBeUndefined()
    expect(await isRunning({ ...self, started: '0' }, self.host)).toBeUndefined()
  })

  it.runIf(process.platform === 'linux')(
    'counts a process as ended if its parent never waits for it',
    async () => {
      const self = await identifyProcess()
      // The shell becomes `cat`, which never waits for the child that it inherits.
      const child = spawn('/bin/sh', ['-c', 'sleep 0.1 & echo $!; exec cat'])
      children.push(child)
      const [line] = await once(child.stdout, 'data')
      const pid = Number(line)
      const started = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[21] ?? ''
      await expect.poll(() => isRunning({ ...self, pid, started }, self.host)).toBe(false)
      expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toContain(' Z ')
    },
  )
})
