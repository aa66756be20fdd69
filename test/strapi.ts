/** A real Strapi, with its media library in a database of its own. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { findFreePort } from './free-port.ts'
import { installPackages } from './install-package.ts'
import { startPeer } from './peer-process.ts'
import { createDatabase } from './postgres.ts'

const VERSION = '5.54.0'
const FOLDER = join(import.meta.dirname, `../node_modules/.cache/strapi-${VERSION}`)
const PACKAGES = join(FOLDER, 'node_modules')

/** Without `@strapi/strapi`, which adds the build of the admin panel. */
const PARTS = [
  'content-manager',
  'content-releases',
  'content-type-builder',
  'core',
  'data-transfer',
  'email',
  'i18n',
  'review-workflows',
  'upload',
]

/** What is of the admin panel, makes projects, or describes types. */
const WITHOUT = [
  '@ai-sdk/react',
  '@dnd-kit/core',
  '@dnd-kit/modifiers',
  '@dnd-kit/sortable',
  '@dnd-kit/utilities',
  '@internationalized/date',
  '@mux/mux-player-react',
  '@radix-ui/react-context',
  '@radix-ui/react-dialog',
  '@radix-ui/react-toggle-group',
  '@radix-ui/react-toolbar',
  '@reduxjs/toolkit',
  '@strapi/design-system',
  '@strapi/icons',
  '@testing-library/dom',
  '@testing-library/react',
  '@testing-library/user-event',
  'ai',
  'axios',
  'codemirror5',
  'cropperjs',
  'dompurify',
  'formik',
  'highlight.js',
  'immer',
  'inquirer',
  'jscodeshift',
  'jszip',
  'markdown-it',
  'motion',
  'ora',
  'package-json',
  'plop',
  'prettier',
  'prismjs',
  'react-dnd',
  'react-dnd-html5-backend',
  'react-dropzone',
  'react-helmet',
  'react-intl',
  'react-is',
  'react-markdown',
  'react-query',
  'react-redux',
  'react-select',
  'react-window',
  'slate',
  'slate-history',
  'slate-react',
  'sonner',
  'typedoc',
  'typedoc-github-wiki-theme',
  'typedoc-plugin-markdown',
  'use-context-selector',
]

export const hasStrapi = (): boolean => existsSync(join(PACKAGES, '@strapi/core'))

export async function installStrapi(): Promise<void> {
  const specs = [...PARTS.map((part) => `@strapi/${part}@${VERSION}`), 'pg@8.16.3']
  if (!(await installPackages(specs, FOLDER, { without: WITHOUT }))) {
    console.log(`There is no Strapi ${VERSION} for the test of moving in, so that is SKIPPED.`)
    return
  }
  // Strapi finds its plugins from there.
  const whole = join(PACKAGES, '@strapi/strapi')
  mkdirSync(whole, { recursive: true })
  writeFileSync(join(whole, 'package.json'), `{"name":"@strapi/strapi","version":"${VERSION}"}`)
}

export interface Strapi {
  /** Without `/` at its end. */
  url: string
  /** The folder of the files. */
  uploads: string
  /** Of a session of an administrator. */
  session: string
  database: pg.Client
  /** @returns the body of the answer, of its `data` if it has some */
  ask<Body>(method: string, path: string, body: object | FormData): Promise<Body>
  stop(): Promise<void>
}

const CONFIG = {
  admin: {
    auth: { secret: 'one secret' },
    apiToken: { salt: 'a salt', secrets: { encryptionKey: '0123456789abcdef0123456789abcdef' } },
    transfer: { token: { salt: 'another salt' } },
  },
  middlewares: [
    ...['logger', 'errors', 'security', 'cors', 'query'],
    ...['body', 'session', 'favicon', 'public'],
  ].map((name) => `strapi::${name}`),
}

/** @param folder an empty one */
export async function startStrapi(folder: string): Promise<Strapi> {
  const [{ url: databaseUrl }, port] = await Promise.all([createDatabase(folder), findFreePort()])
  const uploads = join(folder, 'public/uploads')
  for (const part of [uploads, join(folder, 'config'), join(folder, 'src')]) {
    mkdirSync(part, { recursive: true })
  }
  symlinkSync(PACKAGES, join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"name":"media","strapi":{"uuid":false}}')
  const config = {
    ...CONFIG,
    server: { host: '127.0.0.1', port, app: { keys: ['a key'] } },
    database: {
      connection: { client: 'postgres', connection: { connectionString: databaseUrl } },
    },
  }
  for (const [name, content] of Object.entries(config)) {
    writeFileSync(join(folder, `config/${name}.json`), JSON.stringify(content))
  }
  writeFileSync(
    join(folder, 'start.cjs'),
    `require('@strapi/core').createStrapi({ appDir: __dirname, distDir: __dirname, serveAdminPanel: false })
      .start().then(() => console.log('Ready.'))`,
  )
  const env = { NODE_ENV: 'production', STRAPI_TELEMETRY_DISABLED: 'true' }
  const stop = await startPeer([join(folder, 'start.cjs')], 'Ready.', { folder, env })
  const url = `http://127.0.0.1:${port}`
  let session = ''
  const ask = async (method: string, path: string, body: object | FormData) => {
    const isForm = body instanceof FormData
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: {
        ...(session && { authorization: `Bearer ${session}` }),
        ...(!isForm && { 'content-type': 'application/json' }),
      },
      body: isForm ? body : JSON.stringify(body),
    })
    const answer = JSON.parse(await response.text())
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return answer.data ?? answer
  }
  const account = { email: 'anna@example.com', password: 'A password for tests 1' }
  const person = { ...account, firstname: 'Anna', lastname: 'Test' }
  session = (await ask('POST', 'admin/register-admin', person)).token
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  return {
    url,
    uploads,
    session,
    database,
    ask,
    async stop() {
      await stop()
      await database.end()
    },
  }
}
