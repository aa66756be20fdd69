/** A real Directus, with its files and folders in a database of its own. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { findFreePort } from './free-port.ts'
import { installPackages } from './install-package.ts'
import { runPeer, startPeer } from './peer-process.ts'
import { createDatabase } from './postgres.ts'

const VERSION = '12.4.0'
const FOLDER = join(import.meta.dirname, `../node_modules/.cache/directus-${VERSION}`)
const COMMAND = join(FOLDER, 'node_modules/@directus/api/dist/cli/run.js')

/** Its page, what it talks to models with, other databases and storages, and what must be compiled. */
const WITHOUT = [
  '@ai-sdk/devtools',
  '@authenio/samlify-node-xmllint',
  '@aws-sdk/client-sesv2',
  '@braintrust/otel',
  '@directus/app',
  '@directus/storage-driver-azure',
  '@directus/storage-driver-cloudinary',
  '@directus/storage-driver-gcs',
  '@directus/storage-driver-s3',
  '@directus/storage-driver-supabase',
  '@keyv/redis',
  '@langfuse/otel',
  '@opentelemetry/sdk-trace-node',
  '@rollup/plugin-alias',
  '@rollup/plugin-node-resolve',
  '@rollup/plugin-virtual',
  'braintrust',
  'inquirer',
  'isolated-vm',
  'mailtrap',
  'mysql2',
  'nodemailer-mailgun-transport',
  'openapi3-ts',
  'oracledb',
  'pm2',
  'sqlite3',
  'tedious',
  'tsdown',
  'tsx',
]
/** It takes these functions from packages above when it starts, and calls none in a test. */
const STAND = 'exports.list = exports.sendDataToProcessId = exports.validate = () => {}'

export const hasDirectus = (): boolean => existsSync(COMMAND)

export async function installDirectus(): Promise<void> {
  const specs = [`directus@${VERSION}`, 'pg@8.16.3']
  if (!(await installPackages(specs, FOLDER, { without: WITHOUT, stand: STAND }))) {
    console.log(`There is no Directus ${VERSION} for the test of moving in, so that is SKIPPED.`)
  }
}

export interface Directus {
  /** Without `/` at its end. */
  url: string
  /** The folder of the originals. */
  uploads: string
  /** Of an administrator. */
  token: string
  database: pg.Client
  /** @returns `data` of the answer */
  ask(method: string, path: string, body: object | FormData): Promise<Record<string, string>>
  stop(): Promise<void>
}

/** @param folder an empty one */
export async function startDirectus(folder: string): Promise<Directus> {
  const uploads = join(folder, 'uploads')
  mkdirSync(uploads)
  writeFileSync(join(folder, 'package.json'), '{}')
  const [{ url: databaseUrl }, port] = await Promise.all([createDatabase(folder), findFreePort()])
  const token = 'a-token-of-an-administrator'
  const url = `http://127.0.0.1:${port}`
  const env = {
    ADMIN_EMAIL: 'anna@example.com',
    ADMIN_PASSWORD: 'a password for tests',
    ADMIN_TOKEN: token,
    DB_CLIENT: 'pg',
    DB_CONNECTION_STRING: databaseUrl,
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: url,
    SECRET: 'a secret of thirty-two characters',
    SERVE_APP: 'false',
    STORAGE_LOCAL_ROOT: uploads,
    STORAGE_LOCATIONS: 'local',
    TELEMETRY: 'false',
    WEBSOCKETS_ENABLED: 'false',
  }
  await runPeer([COMMAND, 'bootstrap'], { folder, env })
  const stop = await startPeer([COMMAND, 'start'], 'Server started', { folder, env })
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  return {
    url,
    uploads,
    token,
    database,
    async ask(method, path, body) {
      const isForm = body instanceof FormData
      const response = await fetch(`${url}/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(!isForm && { 'content-type': 'application/json' }),
        },
        body: isForm ? body : JSON.stringify(body),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${path}: ${text}`)
      return text === '' ? {} : JSON.parse(text).data
    },
    async stop() {
      await stop()
      await database.end()
    },
  }
}
