import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp, openLibrary } from '../src/app.ts'
import { createUser } from '../src/auth/accounts/accounts.ts'
import { permissionsOf } from '../src/auth/permissions.ts'
import { createApiToken } from '../src/auth/tokens/api-tokens.ts'
import { readConfig } from '../src/config.ts'
import { fillDatabase } from './fill-library.ts'
import { makeDataFolder } from './harness.ts'

/** The permissions of each role, as documented. */
const ROLES: Record<string, readonly string[]> = {
  nobody: [],
  viewer: ['session', 'view-media'],
  editor: ['session', 'view-media', 'edit-media', 'add-media', 'delete-media'],
  admin: [
    'session',
    'view-media',
    'edit-media',
    'add-media',
    'delete-media',
    'manage-accounts',
    'manage-presets',
  ],
}
interface Operation {
  requestBody?: {
    content: Record<
      string,
      {
        schema: {
          properties?: Record<string, object>
          required?: string[]
          additionalProperties?: boolean
        }
      }
    >
  }
}

const PASSWORD = 'a password for tests'

/** The declared routes of every server that this process makes. */
const declared = new WeakMap<FastifyInstance, RouteOptions[]>()
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance }
  const routes: RouteOptions[] = []
  declared.set(fastify, routes)
  fastify.addHook('onRoute', (route) => {
    routes.push(route)
  })
})

/** The whole program, except that it does not listen on a port. */
async function makeApp(environment: Record<string, string> = {}) {
  const log = pino({ level: 'silent' })
  const config = readConfig({
    VITRINE_DATA: makeDataFolder(),
    VITRINE_DESCRIBE_URL: 'http://127.0.0.1:9/',
    ...environment,
  })
  const library = await openLibrary(config, log)
  const app = await createApp(config, library, log)
  onTestFinished(async () => {
    await app.close()
    await library.close()
  })
  const routes = (declared.get(app) ?? []).flatMap(({ method, url, config }) =>
    [method].flat().map((method) => ({ method, url, access: config?.access })),
  )
  return { app, library, routes }
}

async function signIn(app: FastifyInstance, username: string): Promise<string> {
  const payload = { username, password: PASSWORD }
  const answer = await app.inject({ method: 'POST', url: '/auth/login', payload })
  return answer.cookies[0]?.value ?? ''
}

/** Fills the parameters with values that name nothing. */
const pathOf = (url: string) =>
  url
    .replace(/:id|:version/g, '9007199254740991')
    .replace(':res', 'scaled')
    .replace(/:\w+|\*/g, 'nothing')

describe('access to each route', () => {
  it('follows the declaration of the route, for every role', async () => {
    const { app, library, routes } = await makeApp()
    const cookies: Record<string, string> = { nobody: '' }
    for (const role of Object.keys(ROLES).slice(1)) {
      await createUser(library.database, { username: role, password: PASSWORD, role })
      cookies[role] = await signIn(app, role)
    }
    expect(routes.length).toBeGreaterThan(20)

    // Signing out is tested last, because it ends the other sessions.
    const ordered = routes.toSorted(
      (a, b) => Number(a.url === '/auth/logout') - Number(b.url === '/auth/logout'),
    )
    const matrix = []
    const wanted = []
    for (const { method, url, access } of ordered) {
      for (const [role, allowed] of Object.entries(ROLES)) {
        const answer = await app.inject({
          method: method as 'GET',
          url: pathOf(url),
          cookies: { refreshToken: cookies[role] ?? '' },
        })
        const row = `${method} ${url} (${access}) as ${role}`
        matrix.push(`${row}: ${[401, 403].find((code) => code === answer.statusCode) ?? 'passes'}`)
        const needed = access === 'session' ? [access] : permissionsOf(access)
        const passes = needed.every((one) => allowed.includes(one))
        const refusal = role === 'nobody' ? 401 : 403
        wanted.push(`${row}: ${passes ? 'passes' : refusal}`)
      }
    }
    expect(matrix).toEqual(wanted)
  })

  it('is as documented', async () => {
    const { routes } = await makeApp()
    const guarded = routes
      .filter(({ method, access }) => method !== 'HEAD' && access !== 'public')
      .map(({ method, url, access }) => `${method} ${url}: ${access}`)
    expect(guarded.sort()).toEqual([
      'DELETE /auth/sessions/:session: session',
      'DELETE /auth/sessions: session',
      'DELETE /auth/tokens/:id: session',
      'DELETE /collections/:id: edit-media',
      'DELETE /media/delete/: delete-media',
      'DELETE /media/delete/:id: delete-media',
      'DELETE /media/item/:id/versions/:version: delete-media',
      'DELETE /media/uploads/:id: add-media',
      'DELETE /presets/:name: manage-presets',
      'DELETE /users/:id/sessions/:session: manage-accounts',
      'DELETE /users/:id/sessions: manage-accounts',
      'DELETE /users/:id/tokens/:token: manage-accounts',
      'DELETE /users/:id: manage-accounts',
      'GET /audit: manage-accounts',
      'GET /auth/me: session',
      'GET /auth/sessions: session',
      'GET /auth/tokens: session',
      'GET /collections: view-media',
      'GET /media/duplicates: view-media',
      'GET /media/facets: view-media',
      'GET /media/item/:id/alike: view-media',
      'GET /media/item/:id/html: view-media',
      'GET /media/item/:id/iiif/:region/:size/:rotation/:file: view-media',
      'GET /media/item/:id/iiif/info.json: view-media',
      'GET /media/item/:id/iiif: view-media',
      'GET /media/item/:id/versions: view-media',
      'GET /media/item/:id: view-media',
      'GET /media/original/:id: view-media',
      'GET /media/statistics: view-media',
      'GET /media/tags: view-media',
      'GET /media: view-media',
      'GET /presets: view-media',
      'GET /users/:id/sessions: manage-accounts',
      'GET /users/:id/tokens: manage-accounts',
      'GET /users: manage-accounts',
      'OPTIONS /media/add: session',
      'OPTIONS /media/bulk/trash: delete-media',
      'OPTIONS /media/item/:id/describe: edit-media',
      'OPTIONS /media/uploads: session',
      'PATCH /collections/:id: edit-media',
      'PATCH /media/item/:id: edit-media',
      'PATCH /media/uploads/:id: add-media',
      'POST /auth/logout: session',
      'POST /auth/password: session',
      'POST /auth/tokens: session',
      'POST /collections/:id/order: edit-media',
      'POST /collections: edit-media',
      'POST /media/add: add-media',
      'POST /media/bulk/collections: edit-media',
      'POST /media/bulk/delete: delete-media',
      'POST /media/bulk/edit: edit-media',
      'POST /media/bulk/restore: delete-media',
      'POST /media/bulk/tags: edit-media',
      'POST /media/bulk/trash: delete-media',
      'POST /media/edit/: edit-media',
      'POST /media/edit/:id: edit-media',
      'POST /media/item/:id/describe: edit-media',
      'POST /media/item/:id/versions/:version/restore: edit-media,add-media',
      'POST /media/merge: edit-media,delete-media',
      'POST /media/replace/:id: edit-media,add-media',
      'POST /media/restore/:id: delete-media',
      'POST /media/tags/remove: edit-media',
      'POST /media/tags/rename: edit-media',
      'POST /media/trash/:id: delete-media',
      'POST /media/uploads/:id: add-media',
      'POST /media/uploads: add-media',
      'POST /media/urls: view-media',
      'POST /media/zip: view-media',
      'POST /users/:id/disabled: manage-accounts',
      'POST /users/:id/password: manage-accounts',
      'POST /users/:id/role: manage-accounts',
      'POST /users: manage-accounts',
      'PUT /presets/:name: manage-presets',
    ])
  })

  it('needs every permission where a route names several', async () => {
    const { app, library } = await makeApp()
    await fillDatabase(library.database, [{ name: 'An item' }])
    await createUser(library.database, { username: 'editor', password: PASSWORD, role: 'editor' })
    const user = await library.database.read
      .selectFrom('users')
      .select('id')
      .where('username', '=', 'editor')
      .executeTakeFirstOrThrow()
    const paths = ['/media/replace/1', '/media/item/1/versions/1/restore']
    const matrix = []
    for (const permissions of [['edit-media'], ['add-media'], ['add-media', 'edit-media']]) {
      const made = { name: 'script', permissions, days: 1 }
      const { token } = await createApiToken(library.database, user.id, made)
      for (const url of paths) {
        const headers = { authorization: `Bearer ${token}` }
        const answer = await app.inject({ method: 'POST', url, headers })
        const missing = /needs the permission (\S+),/.exec(answer.json().detail)?.[1]
        matrix.push(`${permissions}: ${answer.statusCode} ${missing ?? ''}`)
      }
    }
    expect(matrix).toEqual([
      'edit-media: 403 add-media',
      'edit-media: 403 add-media',
      'add-media: 403 edit-media',
      'add-media: 403 edit-media',
      'add-media,edit-media: 400 ',
      'add-media,edit-media: 409 ',
    ])
  })

  it('reveals nothing through bulk operations that the caller may not list', async () => {
    const { app, library } = await makeApp()
    await fillDatabase(library.database, [
      { name: 'Secret', tags: Array.from({ length: 64 }, (_, index) => `${index}`) },
    ])
    const username = 'editor'
    await createUser(library.database, { username, password: PASSWORD, role: 'editor' })
    const user = await library.database.read
      .selectFrom('users')
      .select('id')
      .where('username', '=', username)
      .executeTakeFirstOrThrow()
    const authorize = async (...permissions: string[]) => {
      const made = { name: 'script', permissions, days: 1 }
      const { token } = await createApiToken(library.database, user.id, made)
      return { authorization: `Bearer ${token}` }
    }
    const [blind, seeing] = await Promise.all([
      authorize('edit-media', 'delete-media'),
      authorize('edit-media', 'delete-media', 'view-media'),
    ])
    const post = (headers: Record<string, string>, path: string, payload: object) =>
      app.inject({ method: 'POST', url: `/media/bulk/${path}`, headers, payload })

    for (const [path, more] of [
      ['tags', { add: 'new' }],
      ['edit', { rename: 'x' }],
      ['delete', {}],
      ['collections', { add: [1] }],
      ['trash', {}],
      ['restore', {}],
    ] as const) {
      for (const chooser of [
        { search: '' },
        { search: 'secret' },
        { tag: 'nothing' },
        { in: 'trash' },
      ]) {
        const answer = await post(blind, path, { ...chooser, until: 1, ...more })
        expect(answer.statusCode).toBe(403)
        expect(answer.json()).toMatchObject({ data: 'Forbidden', code: 403 })
        expect(answer.json().detail).toContain('view-media')
      }
    }
    const change = { ids: [1, 2], add: 'one more' }
    const untold = await post(blind, 'tags', change)
    expect(untold.statusCode).toBe(200)
    expect(untold.body).not.toContain('Secret')
    expect(untold.body).not.toContain('65')
    expect((await post(seeing, 'tags', change)).body).toContain('"name":"Secret"')
    const renaming = { ids: [1], rename: '{n:9}'.repeat(40) }
    const unnamed = await post(blind, 'edit', renaming)
    expect(unnamed.body).toContain('a name of more than')
    expect(unnamed.body).not.toContain('Secret')
    const gone = await post(blind, 'delete', { ids: [1] })
    expect(gone.body).not.toContain('Secret')
    expect(gone.body).toContain('"done":1')
  })

  it('refuses unknown members where a missing member could mean all items', async () => {
    const { app, library } = await makeApp()
    await createUser(library.database, { username: 'admin', password: PASSWORD, role: 'admin' })
    const cookies = { refreshToken: await signIn(app, 'admin') }
    const { paths } = (await app.inject('/openapi.json')).json()
    // Clients that send unknown members to these routes must keep working.
    const free = ['/media/add', '/media/edit/{id}', '/media/replace/{id}']
    const strict: string[] = []
    for (const [path, { post }] of Object.entries<{ post?: Operation }>(paths)) {
      const schema = post?.requestBody?.content['application/json']?.schema
      if (!schema || free.includes(path)) continue
      const { properties = {}, required = [] } = schema
      if (Object.keys(properties).every((name) => required.includes(name))) continue
      strict.push(path)
      expect([path, schema.additionalProperties]).toEqual([path, false])
      const [first = ''] = Object.keys(properties)
      const payload = { search: '', typ: 'png', until: 5, [`${first}x`]: 1 }
      const answer = await app.inject({ method: 'POST', url: path, cookies, payload })
      expect(answer.statusCode).toBe(400)
      expect(answer.json().data).toBe('Invalid parameters')
      expect(answer.json().detail).toMatch(/".*x" are not members of this body; its members are /)
      expect(answer.json().detail).toContain('"typ"')
    }
    expect(strict.sort()).toEqual([
      '/collections',
      ...['collections', 'delete', 'edit', 'restore', 'tags', 'trash'].map(
        (name) => `/media/bulk/${name}`,
      ),
      '/media/item/{id}/describe',
      '/media/zip',
    ])
  })

  const isPage = ({ url }: { url: string }) => /^\/($|docs|assets\/|favicon\.svg$)/.test(url)
  const publicUrls = (routes: Awaited<ReturnType<typeof makeApp>>['routes']) => [
    ...new Set(
      routes.filter((route) => route.access === 'public' && !isPage(route)).map(({ url }) => url),
    ),
  ]
  const always = ['/auth/login', '/auth/sign-in', '/health/live', '/health/ready', '/openapi.json']

  it('is public only for sign-in, health, the OpenAPI document, pages and images', async () => {
    const { routes } = await makeApp()
    const images = ['/media/file/:key/:options', '/media/image/:id', '/media/image/:id/:options']
    expect(publicUrls(routes).sort()).toEqual([...always, ...images].sort())
  })

  it.each(['private', 'off'])('is not public for images if delivery is %s', async (delivery) => {
    const { routes } = await makeApp({ VITRINE_DELIVERY: delivery })
    expect(publicUrls(routes).sort()).toEqual(always)
  })

  it('is public for images by IIIF only if that is on, and not if delivery is private', async () => {
    const on = { VITRINE_IIIF: 'true', VITRINE_PUBLIC_URL: 'https://media.example.com' }
    const iiif = ['/iiif/:key', '/iiif/:key/:region/:size/:rotation/:file', '/iiif/:key/info.json']
    const [open, closed] = [
      await makeApp(on),
      await makeApp({ ...on, VITRINE_DELIVERY: 'private' }),
    ]
    expect(publicUrls(open.routes)).toEqual(expect.arrayContaining(iiif))
    expect(publicUrls(closed.routes).sort()).toEqual(always)
    const guarded = closed.routes.filter(({ url }) => iiif.includes(url))
    expect([...new Set(guarded.map(({ access }) => access))]).toEqual(['view-media'])
  })

  it('matches the OpenAPI document', async () => {
    const { app, routes } = await makeApp()
    const { paths } = (await app.inject('/openapi.json')).json()
    for (const [path, operations] of Object.entries<Record<string, { security: object[] }>>(
      paths,
    )) {
      const url = path.replace(/\{(\w+)\}/g, ':$1')
      for (const [method, { security }] of Object.entries(operations)) {
        const route = routes.find((it) => it.url === url && it.method === method.toUpperCase())
        expect([path, route?.access === 'public']).toEqual([path, security.length === 0])
      }
    }
  })

  it('must be declared, or the route is refused', async () => {
    const { app } = await makeApp()
    expect(() => app.get('/new', async () => 'open to all')).toThrow('GET /new does not declare')
  })
})
