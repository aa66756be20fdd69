import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { MediaItem } from '../src/media/item.ts'
import type { MediaList } from '../src/media/list/list-route.ts'
import { storageSettings } from './library-storage.ts'
import { copyDatabase, databaseSettings, hasDatabase } from './postgres.ts'

export const ROOT = join(import.meta.dirname, '..')
export const ADMIN_PASSWORD = 'a password for tests'

/** Environment variables; undefined removes one of the defaults. */
export type Settings = Readonly<Record<string, string | undefined>>

/** A real server, as `npm start` runs it, in a process and with a data folder of its own. */
export interface Server {
  /** `http://127.0.0.1:…` */
  url: string
  data: string
  process: ChildProcess
  /** Its log so far. */
  log(): string
  /** Resolves once the log holds this text. */
  logged(text: string): Promise<void>
  /** Its standard output so far. */
  output(): string
  /** Stops it with SIGTERM. Resolves with the exit code. */
  stop(): Promise<number | null>
  /** Kills it with SIGKILL. */
  kill(): Promise<void>
}

const FOLDERS = mkdtempSync(join(tmpdir(), 'vitrine-test-'))
const servers = new Set<ChildProcess>()
// A test process runs many test files, and each adds a listener.
process.setMaxListeners(0)
process.once('exit', () => {
  for (const server of servers) server.kill('SIGKILL')
  rmSync(FOLDERS, { recursive: true, force: true })
})
// Vitest ends the process of a test file with SIGTERM, whether its tests passed or not.
process.once('SIGTERM', () => process.exit())

/** A folder that is removed when the test process ends. */
export const makeDataFolder = (): string => mkdtempSync(join(FOLDERS, 'data-'))

/**
 * Starts a server and waits until it listens.
 * @param settings environment variables, for example `{ VITRINE_DELIVERY: 'private' }`
 * @param logFile file descriptor for its log; by default, the log is read
 */
export async function startServer(
  settings: Settings = {},
  data = makeDataFolder(),
  logFile?: number,
): Promise<Server> {
  const isUsual = !Object.keys(settings).some((name) => OF_FIRST_START.test(name))
  if (isUsual && !hasDatabase(data)) {
    newLibrary ??= makeNewLibrary()
    await copyDatabase(await newLibrary, data)
  }
  return launch(settings, data, logFile)
}

/** Settings with which a first start makes another library. */
const OF_FIRST_START = /^VITRINE_(ADMIN|AUTH|DATABASE)/

/**
 * The data folder of a library as a first start leaves it. Tests start on copies: to make tables and an administrator takes
 * as long as many tests.
 */
let newLibrary: Promise<string> | undefined

async function makeNewLibrary(): Promise<string> {
  const data = makeDataFolder()
  const server = await launch({}, data)
  await server.stop()
  return data
}

async function launch(settings: Settings, data: string, logFile?: number): Promise<Server> {
  const child = spawn(process.execPath, ['vitrine.mjs', 'serve'], {
    cwd: ROOT,
    env: environment(data, {
      VITRINE_PORT: '0',
      ...(await databaseSettings(data)),
      ...(await storageSettings(data)),
      ...settings,
    }),
    stdio: ['ignore', 'pipe', logFile ?? 'pipe'],
  })
  const exited = once(child, 'exit')
  servers.add(child)
  void exited.then(() => servers.delete(child))

  let output = ''
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    log += chunk
  })
  if (!child.stdout) throw new Error('The server has no standard output.')
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      output += `${line}\n`
      const [, address] = /listening on (\S+)$/.exec(line) ?? []
      if (address) resolve(address)
    })
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${log}`)))
  })
  return {
    url,
    data,
    process: child,
    log: () => log,
    async logged(text) {
      while (!log.includes(text)) {
        if (!child.stderr) throw new Error('The log goes elsewhere.')
        await once(child.stderr, 'data')
      }
    },
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

interface CliOptions {
  input?: string
  settings?: Settings
}

/** The result of a command. The code is null if it was killed. */
export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Starts a command in a process group of its own, as a terminal does. */
export async function startCli(
  data: string,
  args: readonly string[],
  { input = '', settings = {} }: CliOptions = {},
): Promise<{ process: ChildProcess; ended: Promise<CliResult> }> {
  const child = spawn(process.execPath, ['vitrine.mjs', ...args], {
    cwd: ROOT,
    env: environment(data, {
      ...(await databaseSettings(data)),
      ...(await storageSettings(data)),
      ...settings,
    }),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  child.stdin.end(input)
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return {
    process: child,
    ended: ended.then(([stdout, stderr, [code]]) => ({ code, stdout, stderr })),
  }
}

/** Removes progress lines from the standard error of a command. A command prints them if it takes long. */
export const withoutProgress = (stderr: string): string =>
  stderr.replaceAll(/^\d+ (?:of \d+ )?\w+\n/gm, '')

/** Runs a command of the CLI to its end. */
export const runCli = async (
  data: string,
  args: readonly string[],
  options?: CliOptions,
): Promise<CliResult> => (await startCli(data, args, options)).ended

/** The environment of a tested process, without the machine's own settings. */
export function environment(data: string, settings: Settings) {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    // Tests start many short-lived processes. The cache saves a third of each start.
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled'),
    VITRINE_DATA: data,
    VITRINE_ADMIN_PASSWORD: ADMIN_PASSWORD,
    ...settings,
  }
}

export interface Answer<Body = Envelope> {
  status: number
  headers: Headers
  /** Body of a JSON response. */
  body: Body
  bytes: Buffer
}

/** The response model, with the additional fields of add and edit. */
export interface Envelope {
  data: string
  code: number
  detail: string
  media: MediaItem
  duplicates: number[]
  trashed?: boolean
}

export interface RequestOptions {
  /** Sent as JSON. */
  json?: unknown
  body?: string | Uint8Array | FormData | ReadableStream
  headers?: Record<string, string>
}

/** Client of one server. Sends its session cookie after a sign-in. */
export class Client {
  readonly url: string
  cookie = ''
  accessToken = ''

  constructor(url: string) {
    this.url = url
  }

  async request<Body = Envelope>(
    method: string,
    path: string,
    { json, body, headers }: RequestOptions = {},
  ): Promise<Answer<Body>> {
    const content = json === undefined ? body : JSON.stringify(json)
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.cookie && { cookie: this.cookie }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(content !== undefined && { body: content }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined,
      bytes,
    }
  }

  /** Starts a request. The caller writes its body and reads its response. */
  start(method: string, path: string, headers: Record<string, string> = {}): ClientRequest {
    const { cookie } = this
    return request(this.url + path, { method, agent: false, headers: { cookie, ...headers } })
  }

  /** Starts a GET request whose response body arrives only as the caller reads it. */
  async open(path: string): Promise<IncomingMessage> {
    const [answer] = await once(this.start('GET', path).end(), 'response')
    return answer
  }

  get = (path: string, options?: RequestOptions) => this.request('GET', path, options)
  list = (query = '') => this.request<MediaList>('GET', `/media${query}`)
  post = (path: string, json: unknown, options?: RequestOptions) =>
    this.request('POST', path, { json, ...options })
  delete = (path: string) => this.request('DELETE', path)

  async signIn(username = 'admin', password = ADMIN_PASSWORD): Promise<this> {
    const { status, headers, body } = await this.request<{ accessToken: string }>(
      'POST',
      '/auth/login',
      { json: { username, password } },
    )
    if (status !== 200) throw new Error(`Sign-in failed: ${JSON.stringify(body)}`)
    this.cookie = headers.getSetCookie()[0]?.split(';')[0] ?? ''
    this.accessToken = body.accessToken
    return this
  }

  /** Adds an image as base64. */
  add(name: string, tags: string | string[], image: Uint8Array) {
    return this.post('/media/add', { name, tags, image: Buffer.from(image).toString('base64') })
  }
}

export const signIn = (server: Server, username?: string, password?: string) =>
  new Client(server.url).signIn(username, password)
