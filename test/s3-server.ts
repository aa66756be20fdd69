import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findCommand, install } from './install.ts'

/** Packages of Debian and Ubuntu that `swift.ts` needs. */
const PACKAGES = ['swift-proxy', 'swift-account', 'swift-container', 'swift-object', 'memcached']
const COMMANDS = [
  'swift-ring-builder',
  'memcached',
  ...PACKAGES.slice(0, 4).map((p) => `${p}-server`),
]

/** Environment variable with the address of the server that `run.ts` started for all test files. */
export const S3_VARIABLE = 'VITRINE_TEST_S3'

/** The one account, which has all permissions. */
export const S3_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'test:tester',
  AWS_SECRET_ACCESS_KEY: 'testing',
}

export interface S3Server {
  /** `http://127.0.0.1:…` */
  endpoint: string
  stop(): Promise<void>
}

/** A server that no other test uses. */
export interface OwnS3Server extends S3Server {
  /** Kills it, so that it cannot finish running requests. */
  pause(): Promise<void>
  /** Starts it again with its stored objects. */
  resume(): Promise<void>
}

/** Whether this machine has the programs for `startS3Server`. */
export const hasS3Server = (): boolean => COMMANDS.every((name) => findCommand(name) !== undefined)

export const installS3Server = () =>
  install('OpenStack Swift for the tests of S3', PACKAGES, hasS3Server)

/**
 * Starts a real and empty S3 server on the loopback interface. It ends with this process in any case.
 *
 * @param keysOfPage keys in one page of a listing; few by default, so that few objects make several pages
 */
export async function startS3Server({ keysOfPage = 20 } = {}): Promise<OwnS3Server> {
  const program = join(import.meta.dirname, 'swift.ts')
  const child = spawn(process.execPath, [program, String(keysOfPage)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const readLine = async (): Promise<string> => {
    const [line] = await Promise.race([
      once(lines, 'line'),
      exited.then(([code]) => Promise.reject(new Error(`The S3 server ended with ${code}.`))),
    ])
    return line
  }
  const endpoint = await readLine()
  const order = async (what: 'stop' | 'start') => {
    const done = readLine()
    child.stdin.write(`${what}\n`)
    await done
  }
  return {
    endpoint,
    pause: () => order('stop'),
    resume: () => order('start'),
    async stop() {
      child.stdin.end()
      await exited
    },
  }
}

/** The server of this test run, or one of its own for a test file that is run alone. */
export async function useS3Server(): Promise<S3Server> {
  const endpoint = process.env[S3_VARIABLE]
  return endpoint === undefined ? startS3Server() : { endpoint, stop: async () => {} }
}

/**
 * Makes an empty bucket.
 * @returns its URL, for `VITRINE_STORAGE_URL`
 */
export async function makeBucket({ endpoint }: S3Server): Promise<string> {
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: {
      accessKeyId: S3_CREDENTIALS.AWS_ACCESS_KEY_ID,
      secretAccessKey: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    },
  })
  const Bucket = `vitrine-${randomUUID()}`
  await client.send(new CreateBucketCommand({ Bucket }))
  return `s3://${Bucket}?endpoint=${endpoint}`
}
