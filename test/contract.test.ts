import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeJpeg, makePng } from './fixtures.ts'
import { Client, type RequestOptions, runCli, type Server, signIn, startServer } from './harness.ts'

/**
 * The contract of the API: every route with every documented response, one row each, against real servers.
 * A row's `as` names the caller: nobody, a viewer, or the administrator.
 */
interface Row {
  is: string
  method: string
  /** `:id` stands for the id of an item that is made for the row. */
  path: string
  as?: 'nobody' | 'viewer' | 'admin'
  at?: 'whole' | 'apiOnly'
  options?: RequestOptions | (() => Promise<RequestOptions>)
  status: number
  /** The `data` of the response. */
  data: string
}

const VIEWER_PASSWORD = 'looks at everything'
let whole: Server
let apiOnly: Server
const clients: Record<string, Record<string, Client>> = {}
let image: string
let description: {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>
}

beforeAll(async () => {
  image = (await makePng()).toString('base64')
  whole = await startServer()
  apiOnly = await startServer({ VITRINE_FILE_SERVICE: 'false' })
  description = (await new Client(whole.url).request<typeof description>('GET', '/openapi.json'))
    .body
  for (const [name, server] of Object.entries({ whole, apiOnly })) {
    await runCli(server.data, ['user', 'add', 'viewer', '--role', 'viewer', '--password-stdin'], {
      input: VIEWER_PASSWORD,
    })
    clients[name] = {
      nobody: new Client(server.url),
      viewer: await signIn(server, 'viewer', VIEWER_PASSWORD),
      admin: await signIn(server),
    }
  }
  const admin = clients.whole?.admin
  await admin?.post('/collections', { name: 'Top' })
  await admin?.post('/collections', { name: 'Below', parent: 1 })
  await admin?.post('/collections', { name: 'Search', query: 'search=x' })
  await admin?.post('/media/add', { name: 'In it', tags: [], image, collections: [1] })
})
afterAll(async () => {
  await whole?.stop()
  await apiOnly?.stop()
})

const fields = (changes: Record<string, unknown> = {}) => ({
  json: { name: 'A name', tags: ['one', 'two'], ...changes },
})
const withImage =
  (changes: Record<string, unknown> = {}) =>
  async () =>
    fields({ image, ...changes })

const MISSING = 'Required parameters missing'
const INVALID = 'Invalid parameters'
const NO_FILES = 'This service is not handling file uploads.'
const LONG = 'x'.repeat(256)
const MANY_TAGS = Array.from({ length: 65 }, (_, index) => `tag ${index}`)

const noIds = ['0', '-1', '1.5', '99999999999999999999', 'abc', '__proto__', '1e3', '%20', '']

const editRows: Row[] = [
  { is: 'edit', options: fields(), status: 200, data: 'Media updated successfully' },
  {
    is: 'edit with one string of tags',
    options: fields({ tags: 'a, b' }),
    status: 200,
    data: 'Media updated successfully',
  },
  {
    is: 'edit to no tags',
    options: fields({ tags: [] }),
    status: 200,
    data: 'Media updated successfully',
  },
  { is: 'edit without name', options: { json: { tags: ['a'] } }, status: 400, data: MISSING },
  { is: 'edit without tags', options: { json: { name: 'a' } }, status: 400, data: MISSING },
  { is: 'edit without body', status: 400, data: MISSING },
  {
    is: 'edit with malformed JSON',
    options: { body: '{"name":', headers: { 'content-type': 'application/json' } },
    status: 400,
    data: MISSING,
  },
  {
    is: 'edit with an empty JSON body',
    options: { body: '', headers: { 'content-type': 'application/json' } },
    status: 400,
    data: MISSING,
  },
  { is: 'edit with an array', options: { json: [] }, status: 400, data: MISSING },
  { is: 'edit with null', options: { json: null }, status: 400, data: MISSING },
  {
    is: 'edit with __proto__',
    options: {
      body: '{"name":"a","tags":[],"__proto__":{"x":1}}',
      headers: { 'content-type': 'application/json' },
    },
    status: 400,
    data: MISSING,
  },
  ...[null, 5, true, {}, [], '', ' '].map((name) => ({
    is: `edit to the name ${JSON.stringify(name)}`,
    options: fields({ name }),
    status: 400,
    data: MISSING,
  })),
  ...[null, 5, true, {}, '', [5], ['a', null]].map((tags) => ({
    is: `edit to the tags ${JSON.stringify(tags)}`,
    options: fields({ tags }),
    status: 400,
    data: MISSING,
  })),
  ...[LONG, 'a\u0000', 'a\u001fb', 'a\ud800'].map((name) => ({
    is: `edit to the name ${JSON.stringify(name).slice(0, 20)}`,
    options: fields({ name }),
    status: 400,
    data: INVALID,
  })),
  ...[MANY_TAGS, ['x'.repeat(65)], ['a\u0000']].map((tags) => ({
    is: `edit to the tags ${JSON.stringify(tags).slice(0, 20)}`,
    options: fields({ tags }),
    status: 400,
    data: INVALID,
  })),
  {
    is: 'edit as text',
    options: { body: 'name=a', headers: { 'content-type': 'text/plain' } },
    status: 415,
    data: 'Unsupported media type',
  },
  {
    is: 'edit as a form',
    options: { body: 'name=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    status: 415,
    data: 'Unsupported media type',
  },
  {
    is: 'edit by nobody',
    as: 'nobody' as const,
    options: fields(),
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'edit by a viewer',
    as: 'viewer' as const,
    options: fields(),
    status: 403,
    data: 'Forbidden',
  },
  {
    is: 'edit from a foreign page',
    options: { ...fields(), headers: { 'sec-fetch-site': 'cross-site' } },
    status: 403,
    data: 'Forbidden',
  },
].map((row) => ({ method: 'POST', path: '/media/edit/:id', ...row }))

/** Refusals that all bulk routes share. */
const bulkRows: Row[] = [
  { path: '/media/bulk/tags', more: { add: 'new' } },
  { path: '/media/bulk/edit', more: { rename: 'Sea {n}' } },
  { path: '/media/bulk/delete', more: {} },
  { path: '/media/bulk/collections', more: { add: [1] } },
  { path: '/media/bulk/trash', more: {} },
  { path: '/media/bulk/restore', more: {} },
].flatMap(({ path, more }) =>
  [
    { is: 'without body', status: 400, data: MISSING },
    { is: 'of nothing', options: { json: more }, status: 400, data: MISSING },
    ...[[], null, 5, '1', [0], [-1], [1.5], ['1'], [2 ** 53], [null]].map((ids) => ({
      is: `of the ids ${JSON.stringify(ids)}`,
      options: { json: { ...more, ids } },
      status: 400,
      data: MISSING,
    })),
    ...[null, 5, ['a']].map((search) => ({
      is: `of the search ${JSON.stringify(search)}`,
      options: { json: { ...more, search, until: 1 } },
      status: 400,
      data: MISSING,
    })),
    ...[null, 0, '1', 1.5].map((until) => ({
      is: `until ${JSON.stringify(until)}`,
      options: { json: { ...more, search: '', until } },
      status: 400,
      data: MISSING,
    })),
    {
      is: 'of too many ids',
      options: { json: { ...more, ids: Array.from({ length: 10_001 }, (_, index) => index + 1) } },
      status: 400,
      data: INVALID,
    },
    {
      is: 'of ids and a search',
      options: { json: { ...more, ids: [1], search: '' } },
      status: 400,
      data: INVALID,
    },
    {
      is: 'of ids and a filter',
      options: { json: { ...more, ids: [1], tag: 'a' } },
      status: 400,
      data: INVALID,
    },
    ...[{ search: '' }, { tag: 'a' }, { in: 'library' }].map((chooser) => ({
      is: `of ${JSON.stringify(chooser)} without an end`,
      options: { json: { ...more, ...chooser } },
      status: 400,
      data: MISSING,
    })),
    {
      is: 'of an empty filter',
      options: { json: { ...more, search: '', tag: '', until: 1 } },
      status: 400,
      data: INVALID,
    },
    {
      is: 'of ids with an end',
      options: { json: { ...more, ids: [1], until: 1 } },
      status: 400,
      data: INVALID,
    },
    ...[{ animated: true }, { minSize: 5 }, { tag: ['a'] }, { type: null }].map((chooser) => ({
      is: `of the filter ${JSON.stringify(chooser)}`,
      options: { json: { ...more, ...chooser, until: 1 } },
      status: 400,
      data: MISSING,
    })),
    ...[
      { typ: 'png' },
      { type: 'x' },
      { minSize: 'x' },
      { tag: 'a,' },
      { in: 'attic' },
      { order: 'name-asc' },
      { limit: '5' },
    ].map((chooser) => ({
      is: `of the filter ${JSON.stringify(chooser)}`,
      options: { json: { ...more, ...chooser, search: '', until: 1 } },
      status: 400,
      data: INVALID,
    })),
    ...[null, 5, [0], ['1']].map((except) => ({
      is: `except ${JSON.stringify(except)}`,
      options: { json: { ...more, search: '', until: 1, except } },
      status: 400,
      data: MISSING,
    })),
    {
      is: 'except too many',
      options: {
        json: {
          ...more,
          search: '',
          until: 1,
          except: Array.from({ length: 10_001 }, (_, id) => id + 1),
        },
      },
      status: 400,
      data: INVALID,
    },
    {
      is: 'of ids, except some',
      options: { json: { ...more, ids: [1, 2], except: [2] } },
      status: 400,
      data: INVALID,
    },
    ...[LONG, 'a '.repeat(17)].map((search) => ({
      is: `of the search ${search.slice(0, 10)}`,
      options: { json: { ...more, search, until: 1 } },
      status: 400,
      data: INVALID,
    })),
    {
      is: 'as text',
      options: { body: 'ids=1', headers: { 'content-type': 'text/plain' } },
      status: 415,
      data: 'Unsupported media type',
    },
    { is: 'by nobody', as: 'nobody' as const, status: 401, data: 'Unauthorized' },
    {
      is: 'by a viewer',
      as: 'viewer' as const,
      options: { json: { ...more, ids: [1] } },
      status: 403,
      data: 'Forbidden',
    },
    {
      is: 'from a foreign page',
      options: { json: { ...more, ids: [1] }, headers: { 'sec-fetch-site': 'cross-site' } },
      status: 403,
      data: 'Forbidden',
    },
    { is: 'by GET', method: 'GET', status: 405, data: 'Method not allowed' },
  ].map((row) => ({ method: 'POST', path, ...row, is: `${path} ${row.is}` })),
)

/** Moving one item to the trash and back. */
const trashRows: Row[] = ['trash', 'restore'].flatMap((move) =>
  [
    ...noIds
      .filter((id) => id !== '')
      .map((id) => ({
        is: `${move} of ${id}`,
        path: `/media/${move}/${id}`,
        status: 400,
        data: MISSING,
      })),
    {
      is: `${move} of an unknown id`,
      path: `/media/${move}/9007199254740991`,
      status: 404,
      data: 'Media not found',
    },
    { is: `${move} by nobody`, as: 'nobody' as const, status: 401, data: 'Unauthorized' },
    { is: `${move} by a viewer`, as: 'viewer' as const, status: 403, data: 'Forbidden' },
    {
      is: `${move} from a foreign page`,
      options: { headers: { 'sec-fetch-site': 'cross-site' } },
      status: 403,
      data: 'Forbidden',
    },
    { is: `${move} by GET`, method: 'GET', status: 405, data: 'Method not allowed' },
  ].map((row) => ({ method: 'POST', path: `/media/${move}/:id`, ...row })),
)

const mergeRows: Row[] = [
  { is: 'merging without body', status: 400, data: MISSING },
  ...[{ into: 1 }, { ids: [2] }, { into: 1, ids: [] }, { into: '1', ids: [2] }].map((json) => ({
    is: `merging ${JSON.stringify(json)}`,
    options: { json },
    status: 400,
    data: MISSING,
  })),
  ...[
    { into: 1, ids: [1] },
    { into: 1, ids: [2], all: true },
  ].map((json) => ({
    is: `merging ${JSON.stringify(json)}`,
    options: { json },
    status: 400,
    data: INVALID,
  })),
  {
    is: 'merging too many',
    options: { json: { into: 1, ids: Array.from({ length: 1001 }, (_, id) => id + 2) } },
    status: 400,
    data: INVALID,
  },
  {
    is: 'merging unknown items',
    options: { json: { into: 9007199254740991, ids: [9007199254740990] } },
    status: 404,
    data: 'Media not found',
  },
  {
    is: 'merging as text',
    options: { body: 'into=1', headers: { 'content-type': 'text/plain' } },
    status: 415,
    data: 'Unsupported media type',
  },
  { is: 'merging by nobody', as: 'nobody' as const, status: 401, data: 'Unauthorized' },
  {
    is: 'merging by a viewer',
    as: 'viewer' as const,
    options: { json: { into: 1, ids: [2] } },
    status: 403,
    data: 'Forbidden',
  },
  { is: 'merging by GET', method: 'GET', status: 405, data: 'Method not allowed' },
].map((row) => ({ method: 'POST', path: '/media/merge', ...row }))

const rows: Row[] = [
  ...bulkRows,
  ...trashRows,
  ...mergeRows,
  {
    is: 'moving an item to the trash',
    method: 'POST',
    path: '/media/trash/:id',
    status: 200,
    data: 'Media moved to the trash',
  },
  {
    is: 'moving an item to the trash where files are not handled',
    method: 'POST',
    path: '/media/trash/9007199254740991',
    at: 'apiOnly',
    status: 404,
    data: 'Media not found',
  },
  {
    is: 'restoring an item that is not in the trash',
    method: 'POST',
    path: '/media/restore/:id',
    status: 404,
    data: 'Media not found',
  },
  ...['trash', 'restore'].map((move) => ({
    is: `${move} by a search without an end`,
    method: 'POST',
    path: `/media/bulk/${move}`,
    options: { json: { search: '' } },
    status: 400,
    data: MISSING,
  })),
  ...[
    {},
    { add: [] },
    { add: [], remove: [','] },
    { add: '' },
    { add: null },
    { remove: 5 },
    { add: ['a', 5] },
  ].map((tags) => ({
    is: `changing tags by ${JSON.stringify(tags)}`,
    method: 'POST',
    path: '/media/bulk/tags',
    options: { json: { ids: [1], ...tags } },
    status: 400,
    data: MISSING,
  })),
  ...[
    { add: MANY_TAGS },
    { remove: ['x'.repeat(65)] },
    { add: 'a\u0000' },
    { add: 'a, b', remove: ['b'] },
  ].map((tags) => ({
    is: `changing tags by ${JSON.stringify(tags).slice(0, 30)}`,
    method: 'POST',
    path: '/media/bulk/tags',
    options: { json: { ids: [1], ...tags } },
    status: 400,
    data: INVALID,
  })),
  ...[
    { json: {} },
    { json: { set: {} } },
    { json: { set: null } },
    { json: { set: 'x' } },
    { json: { rename: 5 } },
    { json: { rename: ' ' } },
    { json: { addTags: 5 } },
    { json: { removeTags: '' } },
    { json: { addTags: [], removeTags: [','] } },
    { json: { set: { name: 'x' } }, data: INVALID },
    { json: { set: { altt: 'x' } }, data: INVALID },
    { json: { set: { id: 5 } }, data: INVALID },
    { json: { set: { rating: '3' } }, data: INVALID },
    { json: { set: { collections: [99] } }, data: INVALID },
    { json: { set: { translations: { '!': {} } } }, data: INVALID },
    { json: { addTags: 'a, b', removeTags: ['b'] }, data: INVALID },
    { json: { addTags: MANY_TAGS }, data: INVALID },
    { json: { rename: 'Sea {x}' }, data: INVALID },
    { json: { rename: LONG }, data: INVALID },
  ].map(({ json, data = MISSING }) => ({
    is: `editing many by ${JSON.stringify(json).slice(0, 60)}`,
    method: 'POST',
    path: '/media/bulk/edit',
    options: { json: { ids: [1], ...json } },
    status: 400,
    data,
  })),
  ...[
    { path: 'rename', json: {}, data: MISSING },
    { path: 'rename', json: { from: 'one' }, data: MISSING },
    { path: 'rename', json: { from: 'one', to: 5 }, data: MISSING },
    { path: 'rename', json: { from: 'one', to: '' }, data: MISSING },
    { path: 'rename', json: { from: ' ', to: 'uno' }, data: MISSING },
    { path: 'remove', json: { tag: ['one'] }, data: MISSING },
    { path: 'rename', json: { from: 'one', to: 'a,b' }, data: INVALID },
    { path: 'rename', json: { from: 'one', to: 'x'.repeat(65) }, data: INVALID },
    { path: 'rename', json: { from: 'a\u0000', to: 'uno' }, data: INVALID },
    { path: 'rename', json: { from: 'one', to: 'uno', until: 5 }, data: INVALID },
    { path: 'remove', json: { tag: 'one', ids: [1] }, data: INVALID },
  ].map(({ path, json, data }) => ({
    is: `${path} a tag by ${JSON.stringify(json).slice(0, 50)}`,
    method: 'POST',
    path: `/media/tags/${path}`,
    options: { json },
    status: 400,
    data,
  })),
  ...['rename', 'remove'].flatMap((path) =>
    [
      { is: 'by nobody', as: 'nobody' as const, status: 401, data: 'Unauthorized' },
      {
        is: 'by a viewer',
        as: 'viewer' as const,
        options: { json: {} },
        status: 403,
        data: 'Forbidden',
      },
      {
        is: 'as text',
        options: { body: 'tag=a', headers: { 'content-type': 'text/plain' } },
        status: 415,
        data: 'Unsupported media type',
      },
    ].map((row) => ({
      method: 'POST',
      path: `/media/tags/${path}`,
      ...row,
      is: `${path} a tag ${row.is}`,
    })),
  ),
  ...[
    { is: 'of nothing', json: {}, status: 400, data: MISSING },
    { is: 'without an end', json: { tag: 'a' }, status: 400, data: MISSING },
    { is: 'of a wrong type', json: { ids: ['1'] }, status: 400, data: MISSING },
    { is: 'of ids and a filter', json: { ids: [1], type: 'png' }, status: 400, data: INVALID },
    ...['big', 'w_5', 'w_0.jpg', 'nope.jpg', ''].map((size) => ({
      is: `in the size "${size}"`,
      json: { ids: [1], size },
      status: 400,
      data: INVALID,
    })),
    { is: 'by an unknown member', json: { ids: [1], sizes: 'high' }, status: 400, data: INVALID },
    {
      is: 'of an unknown id',
      json: { ids: [9007199254740991] },
      status: 404,
      data: 'Media not found',
    },
    {
      is: 'of the trash by a viewer',
      as: 'viewer' as const,
      json: { in: 'trash', until: 1 },
      status: 403,
      data: 'Forbidden',
    },
    { is: 'by nobody', as: 'nobody' as const, json: {}, status: 401, data: 'Unauthorized' },
  ].map(({ json, ...row }) => ({
    method: 'POST',
    path: '/media/zip',
    options: { json },
    ...row,
    is: `an archive ${row.is}`,
  })),
  {
    is: 'an archive as text',
    method: 'POST',
    path: '/media/zip',
    options: { body: 'ids=1', headers: { 'content-type': 'text/plain' } },
    status: 415,
    data: 'Unsupported media type',
  },
  {
    is: 'deleting many where files are not handled',
    method: 'POST',
    path: '/media/bulk/delete',
    at: 'apiOnly',
    options: { json: { ids: [1] } },
    status: 503,
    data: NO_FILES,
  },
  {
    is: 'deleting many by a viewer where files are not handled',
    method: 'POST',
    path: '/media/bulk/delete',
    as: 'viewer',
    at: 'apiOnly',
    options: { json: {} },
    status: 403,
    data: 'Forbidden',
  },
  ...noIds.map((id) => ({
    is: `the item ${id || 'without id'}`,
    method: 'GET',
    path: `/media/item/${id}`,
    status: 404,
    data: 'Media not found',
  })),
  {
    is: 'an unknown item',
    method: 'GET',
    path: '/media/item/9007199254740991',
    status: 404,
    data: 'Media not found',
  },
  {
    is: 'an item by nobody',
    method: 'GET',
    path: '/media/item/:id',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  ...[
    'duplicates?kind=x',
    'duplicates?kind=near&kind=exact',
    'duplicates?limit=0',
    'duplicates?limit=51',
    'duplicates?offset=-1',
    'item/:id/alike?by=x',
    'item/:id/alike?limit=101',
    'item/:id/alike?offset=x',
  ].map((path) => ({
    is: path,
    method: 'GET',
    path: `/media/${path}`,
    status: 400,
    data: INVALID,
  })),
  ...['9007199254740991', '0', 'x'].map((id) => ({
    is: `what is like the item ${id}`,
    method: 'GET',
    path: `/media/item/${id}/alike`,
    status: 404,
    data: 'Media not found',
  })),
  ...['duplicates', 'item/:id/alike'].map((path) => ({
    is: `${path} by nobody`,
    method: 'GET',
    path: `/media/${path}`,
    as: 'nobody' as const,
    status: 401,
    data: 'Unauthorized',
  })),
  {
    is: 'the facets by nobody',
    method: 'GET',
    path: '/media/facets',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'the statistics by nobody',
    method: 'GET',
    path: '/media/statistics',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'the tags by nobody',
    method: 'GET',
    path: '/media/tags',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  ...[
    'limit=0',
    'limit=1001',
    'limit=x',
    'limit=1&limit=2',
    'search=a&search=b',
    `search=${LONG}`,
  ].map((query) => ({
    is: `the tags with ${query.slice(0, 40)}`,
    method: 'GET',
    path: `/media/tags?${query}`,
    status: 400,
    data: INVALID,
  })),
  {
    is: 'list by nobody',
    method: 'GET',
    path: '/media',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  ...[
    'order=x',
    'order=__proto__',
    'limit=0',
    'limit=-1',
    'limit=abc',
    'limit=1.5',
    'offset=-1',
    'offset=1e400',
    'offset=x',
    'order=added-asc&order=added-asc',
    `search=${LONG}`,
    `search=${'a+'.repeat(17)}`,
  ].map((query) => ({
    is: `list with ${query.slice(0, 40)}`,
    method: 'GET',
    path: `/media?${query}`,
    status: 400,
    data: INVALID,
  })),
  { is: 'list by POST', method: 'POST', path: '/media', status: 405, data: 'Method not allowed' },
  {
    is: 'an unknown route',
    method: 'GET',
    path: '/media/nothing',
    as: 'nobody',
    status: 404,
    data: 'Not found',
  },
  {
    is: 'an unknown route with a broken escape',
    method: 'GET',
    path: '/media/%zz',
    as: 'nobody',
    status: 404,
    data: 'Not found',
  },

  ...editRows,
  ...noIds.map((id) => ({
    is: `edit of ${id || 'no id'}`,
    method: 'POST',
    path: `/media/edit/${id}`,
    options: fields(),
    status: 400,
    data: MISSING,
  })),
  {
    is: 'edit of an unknown id',
    method: 'POST',
    path: '/media/edit/9007199254740991',
    options: fields(),
    status: 404,
    data: 'Media not found',
  },
  {
    is: 'edit of an unknown id with no name',
    method: 'POST',
    path: '/media/edit/9007199254740991',
    options: { json: {} },
    status: 400,
    data: MISSING,
  },
  {
    is: 'edit of a revision that the item has not',
    method: 'POST',
    path: '/media/edit/:id',
    options: { ...fields(), headers: { 'if-match': '"99.x"' } },
    status: 412,
    data: 'Media changed meanwhile',
  },

  ...[
    { is: 'some members', json: { alt: 'x', rating: 3 }, status: 200 },
    { is: 'nothing', json: {}, status: 200 },
    { is: 'no name', json: { name: null }, status: 400, data: INVALID },
    { is: 'a wrong type', json: { rating: '3' }, status: 400, data: INVALID },
    { is: 'a read-only member', json: { id: 5 }, status: 400, data: INVALID },
    { is: 'an unknown member', json: { altt: 'x' }, status: 400, data: INVALID },
    { is: 'an unknown collection', json: { collections: [99] }, status: 400, data: INVALID },
    { is: 'an array', json: [], status: 400, data: INVALID },
    { is: 'another revision', match: '"99.x"', status: 412, data: 'Media changed meanwhile' },
    { is: 'no ETag of an item', match: 'x', status: 400, data: INVALID },
    { is: 'an unknown id', id: '9007199254740991', status: 404, data: 'Media not found' },
    { is: 'no id', id: 'x', status: 400, data: MISSING },
    { is: 'no session', as: 'nobody' as const, status: 401, data: 'Unauthorized' },
    { is: 'a viewer', as: 'viewer' as const, status: 403, data: 'Forbidden' },
  ].map(
    ({
      is,
      id = ':id',
      json = { alt: 'x' },
      match,
      data = 'Media updated successfully',
      ...row
    }) => ({
      is: `a patch with ${is}`,
      method: 'PATCH',
      path: `/media/item/${id}`,
      options: { json, ...(match && { headers: { 'if-match': match } }) },
      data,
      ...row,
    }),
  ),
  {
    is: 'a patch as text',
    method: 'PATCH',
    path: '/media/item/:id',
    options: { body: '{}', headers: { 'content-type': 'text/plain' } },
    status: 415,
    data: 'Unsupported media type',
  },
  {
    is: 'edit by GET',
    method: 'GET',
    path: '/media/edit/1',
    as: 'nobody',
    status: 405,
    data: 'Method not allowed',
  },

  {
    is: 'add',
    method: 'POST',
    path: '/media/add',
    options: withImage(),
    status: 200,
    data: 'Media added successfully',
  },
  {
    is: 'add with one string of tags',
    method: 'POST',
    path: '/media/add',
    options: withImage({ tags: 'a,b' }),
    status: 200,
    data: 'Media added successfully',
  },
  {
    is: 'add with no tags',
    method: 'POST',
    path: '/media/add',
    options: withImage({ tags: [] }),
    status: 200,
    data: 'Media added successfully',
  },
  {
    is: 'add of a data URL',
    method: 'POST',
    path: '/media/add',
    options: async () => fields({ image: `data:image/png;base64,${image}` }),
    status: 200,
    data: 'Media added successfully',
  },
  ...['name', 'tags', 'image'].flatMap((field) => [
    ...[undefined, null, 5, {}, ''].map((value) => ({
      is: `add with ${field} ${JSON.stringify(value)}`,
      method: 'POST',
      path: '/media/add',
      options: withImage({ [field]: value }),
      status: 400,
      data: MISSING,
    })),
  ]),
  {
    is: 'add of an array of images',
    method: 'POST',
    path: '/media/add',
    options: async () => fields({ image: [image] }),
    status: 400,
    data: MISSING,
  },
  {
    is: 'add with a blank name',
    method: 'POST',
    path: '/media/add',
    options: withImage({ name: ' ' }),
    status: 400,
    data: MISSING,
  },
  {
    is: 'add with a non-string among the tags',
    method: 'POST',
    path: '/media/add',
    options: withImage({ tags: ['a', 5] }),
    status: 400,
    data: MISSING,
  },
  { is: 'add with no body', method: 'POST', path: '/media/add', status: 400, data: MISSING },
  ...['', ' ', 5].map((url) => ({
    is: `add with url ${JSON.stringify(url)}`,
    method: 'POST',
    path: '/media/add',
    options: fields({ url }),
    status: 400,
    data: MISSING,
  })),
  ...['ftp://a.example/a.png', 'a.example/a.png', 'https://user:word@a.example/a.png'].map(
    (url) => ({
      is: `add with url ${url}`,
      method: 'POST',
      path: '/media/add',
      options: fields({ url }),
      status: 400,
      data: INVALID,
    }),
  ),
  {
    is: 'add with an image and a url',
    method: 'POST',
    path: '/media/add',
    options: withImage({ url: 'https://a.example/a.png' }),
    status: 400,
    data: INVALID,
  },
  {
    is: 'add from a url of a private host',
    method: 'POST',
    path: '/media/add',
    options: fields({ url: 'http://127.0.0.1/a.png' }),
    status: 500,
    data: 'Error adding media',
  },
  {
    is: 'add from a url by a viewer',
    method: 'POST',
    path: '/media/add',
    as: 'viewer',
    options: fields({ url: 'http://127.0.0.1/a.png' }),
    status: 403,
    data: 'Forbidden',
  },
  {
    is: 'add from a url where files are not handled',
    method: 'POST',
    path: '/media/add',
    at: 'apiOnly',
    options: fields({ url: 'http://127.0.0.1/a.png' }),
    status: 503,
    data: NO_FILES,
  },
  {
    is: 'add with malformed JSON',
    method: 'POST',
    path: '/media/add',
    options: { body: '{"name":"a"', headers: { 'content-type': 'application/json' } },
    status: 400,
    data: MISSING,
  },
  {
    is: 'add with __proto__',
    method: 'POST',
    path: '/media/add',
    options: async () => ({
      body: `{"name":"a","tags":[],"image":"${image}","__proto__":{"x":1}}`,
      headers: { 'content-type': 'application/json' },
    }),
    status: 400,
    data: MISSING,
  },
  {
    is: 'add with keywords',
    method: 'POST',
    path: '/media/add',
    options: withImage({ keywords: true }),
    status: 200,
    data: 'Media added successfully',
  },
  {
    is: 'add with keywords of another type',
    method: 'POST',
    path: '/media/add',
    options: withImage({ keywords: 'yes' }),
    status: 400,
    data: INVALID,
  },
  {
    is: 'add with a name too long',
    method: 'POST',
    path: '/media/add',
    options: withImage({ name: LONG }),
    status: 400,
    data: INVALID,
  },
  {
    is: 'add with NUL in the name',
    method: 'POST',
    path: '/media/add',
    options: withImage({ name: 'a\u0000b' }),
    status: 400,
    data: INVALID,
  },
  {
    is: 'add with half a surrogate pair in the name',
    method: 'POST',
    path: '/media/add',
    options: withImage({ name: 'a\ud800' }),
    status: 400,
    data: INVALID,
  },
  {
    is: 'add with too many tags',
    method: 'POST',
    path: '/media/add',
    options: withImage({ tags: MANY_TAGS }),
    status: 400,
    data: INVALID,
  },
  {
    is: 'add of what is no base64',
    method: 'POST',
    path: '/media/add',
    options: fields({ image: '!!!' }),
    status: 500,
    data: 'Error adding media',
  },
  {
    is: 'add of what is no base64 without a name',
    method: 'POST',
    path: '/media/add',
    options: { json: { tags: [], image: '!!!' } },
    status: 400,
    data: MISSING,
  },
  {
    is: 'add of text',
    method: 'POST',
    path: '/media/add',
    options: fields({ image: Buffer.from('just text').toString('base64') }),
    status: 500,
    data: 'Error adding media',
  },
  {
    is: 'add as text',
    method: 'POST',
    path: '/media/add',
    options: { body: 'x', headers: { 'content-type': 'text/plain' } },
    status: 415,
    data: 'Unsupported media type',
  },
  {
    is: 'add by nobody',
    method: 'POST',
    path: '/media/add',
    as: 'nobody',
    options: withImage(),
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'add by a viewer',
    method: 'POST',
    path: '/media/add',
    as: 'viewer',
    options: withImage(),
    status: 403,
    data: 'Forbidden',
  },
  {
    is: 'add where files are not handled',
    method: 'POST',
    path: '/media/add',
    at: 'apiOnly',
    options: withImage(),
    status: 503,
    data: NO_FILES,
  },
  {
    is: 'add as text where files are not handled',
    method: 'POST',
    path: '/media/add',
    at: 'apiOnly',
    options: { body: 'x', headers: { 'content-type': 'text/plain' } },
    status: 503,
    data: NO_FILES,
  },
  {
    is: 'add by nobody where files are not handled',
    method: 'POST',
    path: '/media/add',
    as: 'nobody',
    at: 'apiOnly',
    options: withImage(),
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'add by a viewer where files are not handled',
    method: 'POST',
    path: '/media/add',
    as: 'viewer',
    at: 'apiOnly',
    options: withImage(),
    status: 403,
    data: 'Forbidden',
  },
  {
    is: 'add by PUT',
    method: 'PUT',
    path: '/media/add',
    as: 'nobody',
    status: 405,
    data: 'Method not allowed',
  },

  {
    is: 'delete',
    method: 'DELETE',
    path: '/media/delete/:id',
    status: 200,
    data: 'Media deleted successfully',
  },
  ...noIds.map((id) => ({
    is: `delete of ${id || 'no id'}`,
    method: 'DELETE',
    path: `/media/delete/${id}`,
    status: 400,
    data: MISSING,
  })),
  {
    is: 'delete of an unknown id',
    method: 'DELETE',
    path: '/media/delete/9007199254740991',
    status: 404,
    data: 'Media not found',
  },
  {
    is: 'delete by nobody',
    method: 'DELETE',
    path: '/media/delete/:id',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'delete by a viewer',
    method: 'DELETE',
    path: '/media/delete/:id',
    as: 'viewer',
    status: 403,
    data: 'Forbidden',
  },
  {
    is: 'delete where files are not handled',
    method: 'DELETE',
    path: '/media/delete/1',
    at: 'apiOnly',
    status: 503,
    data: NO_FILES,
  },
  {
    is: 'delete by GET',
    method: 'GET',
    path: '/media/delete/1',
    as: 'nobody',
    status: 405,
    data: 'Method not allowed',
  },

  ...[
    '/media/image/:id/low',
    '/media/image/x',
    '/media/image/0',
    '/media/image/9007199254740991',
    '/media/file/AAAAAAAAAAAAAAAAAAAAAA/scaled.webp',
    '/media/file/AAAAAAAAAAAAAAAAAAAAAA/scaled.png',
  ].map((path) => ({
    is: `showing ${path}`,
    method: 'GET',
    path,
    as: 'nobody' as const,
    status: 404,
    data: 'Media not found',
  })),
  {
    is: 'an original by nobody',
    method: 'GET',
    path: '/media/original/:id',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'an unknown original',
    method: 'GET',
    path: '/media/original/9007199254740991',
    status: 404,
    data: 'Media not found',
  },

  {
    is: 'a sign-in with a wrong password',
    method: 'POST',
    path: '/auth/login',
    as: 'nobody',
    options: { json: { username: 'viewer', password: 'wrong password' } },
    status: 401,
    data: 'Invalid credentials',
  },
  {
    is: 'a sign-in of an unknown user',
    method: 'POST',
    path: '/auth/login',
    as: 'nobody',
    options: { json: { username: 'stranger', password: 'wrong password' } },
    status: 401,
    data: 'Invalid credentials',
  },
  {
    is: 'a sign-in without password',
    method: 'POST',
    path: '/auth/login',
    as: 'nobody',
    options: { json: { username: 'viewer' } },
    status: 400,
    data: MISSING,
  },
  {
    is: 'who am I, by nobody',
    method: 'GET',
    path: '/auth/me',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
  {
    is: 'a sign-out by nobody',
    method: 'POST',
    path: '/auth/logout',
    as: 'nobody',
    status: 401,
    data: 'Unauthorized',
  },
]

/** Replacing an image, and the versions of an item. */
const versionRows: [
  request: string,
  as: Required<Row>['as'],
  options: Row['options'],
  status: number,
  data: string,
  at?: Row['at'],
][] = [
  ['POST /media/replace/:id', 'admin', withImage(), 200, 'Media replaced successfully'],
  ['POST /media/replace/:id', 'admin', undefined, 400, MISSING],
  ['POST /media/replace/:id', 'admin', fields(), 400, MISSING],
  ...[null, 5, {}, '', []].map((image): (typeof versionRows)[number] => [
    'POST /media/replace/:id',
    'admin',
    fields({ image }),
    400,
    MISSING,
  ]),
  ...noIds
    .filter((id) => id !== '')
    .map((id): (typeof versionRows)[number] => [
      `POST /media/replace/${id}`,
      'admin',
      withImage(),
      400,
      MISSING,
    ]),
  ['POST /media/replace/9007199254740991', 'admin', withImage(), 404, 'Media not found'],
  ['POST /media/replace/9007199254740991', 'admin', fields(), 400, MISSING],
  ['POST /media/replace/:id', 'admin', fields({ image: '!!!' }), 500, 'Error replacing media'],
  ['POST /media/replace/:id', 'admin', fields({ image: 'dGV4dA' }), 500, 'Error replacing media'],
  [
    'POST /media/replace/:id',
    'admin',
    { body: 'x', headers: { 'content-type': 'text/plain' } },
    415,
    'Unsupported media type',
  ],
  ['POST /media/replace/:id', 'nobody', withImage(), 401, 'Unauthorized'],
  ['POST /media/replace/:id', 'viewer', withImage(), 403, 'Forbidden'],
  ['POST /media/replace/1', 'admin', withImage(), 503, NO_FILES, 'apiOnly'],
  ['POST /media/replace/1', 'viewer', withImage(), 403, 'Forbidden', 'apiOnly'],
  ['GET /media/replace/1', 'nobody', undefined, 405, 'Method not allowed'],
  ['GET /media/item/:id/versions', 'nobody', undefined, 401, 'Unauthorized'],
  ['GET /media/item/9007199254740991/versions', 'viewer', undefined, 404, 'Media not found'],
  ['GET /media/item/x/versions', 'viewer', undefined, 404, 'Media not found'],
  ['POST /media/item/:id/versions/1/restore', 'admin', undefined, 409, 'Present version'],
  ['POST /media/item/:id/versions/2/restore', 'admin', undefined, 404, 'Media not found'],
  ['POST /media/item/:id/versions/x/restore', 'admin', undefined, 400, MISSING],
  ['POST /media/item/x/versions/1/restore', 'admin', undefined, 400, MISSING],
  ['POST /media/item/:id/versions/1/restore', 'nobody', undefined, 401, 'Unauthorized'],
  ['POST /media/item/:id/versions/1/restore', 'viewer', undefined, 403, 'Forbidden'],
  ['POST /media/item/1/versions/1/restore', 'admin', undefined, 503, NO_FILES, 'apiOnly'],
  ['DELETE /media/item/:id/versions/1', 'admin', undefined, 409, 'Present version'],
  ['DELETE /media/item/:id/versions/2', 'admin', undefined, 404, 'Media not found'],
  ['DELETE /media/item/:id/versions/x', 'admin', undefined, 400, MISSING],
  ['DELETE /media/item/:id/versions/1', 'nobody', undefined, 401, 'Unauthorized'],
  ['DELETE /media/item/:id/versions/1', 'viewer', undefined, 403, 'Forbidden'],
  ['DELETE /media/item/1/versions/1', 'admin', undefined, 503, NO_FILES, 'apiOnly'],
  ['GET /media/original/:id?version=2', 'viewer', undefined, 404, 'Media not found'],
  ['GET /media/original/:id?version=0', 'viewer', undefined, 400, INVALID],
]
rows.push(
  ...versionRows.map(([request, as, options, status, data, at]) => {
    const [method = '', path = ''] = request.split(' ')
    const is = `${request} by ${as}`
    return { is, method, path, as, ...(options && { options }), status, data, ...(at && { at }) }
  }),
)

const NEW_USER = { username: 'viewer', password: VIEWER_PASSWORD, role: 'viewer' }
const NEW_TOKEN = { name: 'a script', permissions: ['view-media'], days: 1 }
const PASSWORDS = { currentPassword: 'not my password', password: VIEWER_PASSWORD }

/** The viewer is user 2. */
const accountRows: readonly (readonly [
  request: string,
  as: Row['as'],
  json: object | undefined,
  status: number,
  data: string,
])[] = [
  ['GET /users', 'nobody', undefined, 401, 'Unauthorized'],
  ['GET /users', 'viewer', undefined, 403, 'Forbidden'],
  ['POST /users', 'admin', { username: 'viewer' }, 400, MISSING],
  ['POST /users', 'admin', { ...NEW_USER, role: 'owner' }, 400, INVALID],
  ['POST /users', 'admin', NEW_USER, 409, 'Username taken'],
  ['POST /users', 'admin', { ...NEW_USER, username: 'new' }, 200, 'User added successfully'],
  ['POST /users', 'viewer', NEW_USER, 403, 'Forbidden'],
  ['POST /users/2/role', 'admin', { role: 'viewer' }, 200, 'User updated successfully'],
  ['POST /users/1/role', 'admin', { role: 'viewer' }, 409, 'Last administrator'],
  ['POST /users/77/role', 'admin', { role: 'viewer' }, 404, 'User not found'],
  ['POST /users/x/role', 'admin', { role: 'viewer' }, 400, MISSING],
  ['POST /users/2/disabled', 'admin', { disabled: false }, 200, 'User updated successfully'],
  ['POST /users/1/disabled', 'admin', { disabled: true }, 409, 'Last administrator'],
  ['POST /users/77/password', 'admin', { password: VIEWER_PASSWORD }, 404, 'User not found'],
  ['POST /users/2/password', 'admin', { password: 'short' }, 400, INVALID],
  ['DELETE /users/1', 'admin', undefined, 409, 'Last administrator'],
  ['DELETE /users/77', 'admin', undefined, 404, 'User not found'],
  ['GET /users/77/sessions', 'admin', undefined, 404, 'User not found'],
  ['DELETE /users/77/sessions', 'admin', undefined, 404, 'User not found'],
  ['DELETE /users/2/sessions/none', 'admin', undefined, 404, 'Session not found'],
  ['GET /users/77/tokens', 'admin', undefined, 404, 'User not found'],
  ['DELETE /users/2/tokens/77', 'admin', undefined, 404, 'Token not found'],
  ['GET /audit', 'viewer', undefined, 403, 'Forbidden'],
  ['GET /audit?limit=0', 'admin', undefined, 400, INVALID],
  ['GET /audit?action=flew', 'admin', undefined, 400, INVALID],
  ['GET /audit?since=yesterday', 'admin', undefined, 400, INVALID],
  ['POST /auth/password', 'nobody', PASSWORDS, 401, 'Unauthorized'],
  ['POST /auth/password', 'viewer', { password: VIEWER_PASSWORD }, 400, MISSING],
  ['POST /auth/password', 'viewer', PASSWORDS, 403, 'Invalid credentials'],
  ['POST /auth/password', 'viewer', { ...PASSWORDS, password: 'short' }, 400, INVALID],
  ['GET /auth/sessions', 'nobody', undefined, 401, 'Unauthorized'],
  ['DELETE /auth/sessions', 'viewer', undefined, 200, 'Sessions ended'],
  ['DELETE /auth/sessions/none', 'viewer', undefined, 404, 'Session not found'],
  ['GET /auth/tokens', 'nobody', undefined, 401, 'Unauthorized'],
  ['POST /auth/tokens', 'viewer', NEW_TOKEN, 200, 'Token added successfully'],
  ['POST /auth/tokens', 'viewer', { ...NEW_TOKEN, days: 366 }, 400, INVALID],
  ['POST /auth/tokens', 'viewer', { ...NEW_TOKEN, permissions: [] }, 400, MISSING],
  ['DELETE /auth/tokens/77', 'viewer', undefined, 404, 'Token not found'],
  ['DELETE /auth/tokens/x', 'viewer', undefined, 400, MISSING],
]
/** Collection 1 has collection 2 below it, and an item; collection 3 is a saved search. */
const collectionRows: typeof accountRows = [
  ['GET /collections', 'nobody', undefined, 401, 'Unauthorized'],
  ['POST /collections', 'nobody', { name: 'x' }, 401, 'Unauthorized'],
  ['POST /collections', 'viewer', { name: 'x' }, 403, 'Forbidden'],
  ['POST /collections', 'admin', { name: 'New' }, 200, 'Collection added successfully'],
  ['POST /collections', 'admin', {}, 400, MISSING],
  ...[null, 5, '', ' '].map(
    (name) => ['POST /collections', 'admin', { name }, 400, MISSING] as const,
  ),
  ...[LONG, 'a\u0000', 'a\ud800'].map(
    (name) => ['POST /collections', 'admin', { name }, 400, INVALID] as const,
  ),
  ['POST /collections', 'admin', { name: 'x', parent: '1' }, 400, MISSING],
  ['POST /collections', 'admin', { name: 'x', parent: 0 }, 400, MISSING],
  ['POST /collections', 'admin', { name: 'x', description: 5 }, 400, MISSING],
  ['POST /collections', 'admin', { name: 'x', query: 5 }, 400, MISSING],
  ['POST /collections', 'admin', { name: 'x', cover: 1 }, 400, INVALID],
  ['POST /collections', 'admin', { name: 'x', query: 'serch=x' }, 400, INVALID],
  ['POST /collections', 'admin', { name: 'x', query: 'collection=3' }, 400, INVALID],
  ['POST /collections', 'admin', { name: 'x', parent: 3 }, 400, INVALID],
  ['POST /collections', 'admin', { name: 'x', parent: 77 }, 404, 'Collection not found'],
  ['POST /collections', 'admin', { name: 'TOP' }, 409, 'Name taken'],
  ['PATCH /collections/1', 'nobody', { name: 'x' }, 401, 'Unauthorized'],
  ['PATCH /collections/1', 'viewer', { name: 'x' }, 403, 'Forbidden'],
  ['PATCH /collections/1', 'admin', { description: 'x' }, 200, 'Collection updated successfully'],
  ['PATCH /collections/1', 'admin', [], 400, INVALID],
  ...[
    { name: null },
    { name: ' ' },
    { name: LONG },
    { parent: '1' },
    { cover: 0 },
    { after: 'x' },
  ].map((patch) => ['PATCH /collections/1', 'admin', patch, 400, INVALID] as const),
  ['PATCH /collections/1', 'admin', { query: 'search=x' }, 400, INVALID],
  ['PATCH /collections/1', 'admin', { id: 2 }, 400, INVALID],
  ['PATCH /collections/1', 'admin', { parent: 2 }, 400, INVALID],
  ['PATCH /collections/1', 'admin', { parent: 1 }, 400, INVALID],
  ['PATCH /collections/1', 'admin', { after: 2 }, 400, INVALID],
  ['PATCH /collections/1', 'admin', { cover: 777777 }, 400, INVALID],
  ['PATCH /collections/x', 'admin', { name: 'x' }, 400, MISSING],
  ['PATCH /collections/77', 'admin', { name: 'x' }, 404, 'Collection not found'],
  ['PATCH /collections/1', 'admin', { parent: 77 }, 404, 'Collection not found'],
  ['PATCH /collections/1', 'admin', { after: 77 }, 404, 'Collection not found'],
  ['PATCH /collections/3', 'admin', { name: 'top' }, 409, 'Name taken'],
  ['DELETE /collections/1', 'nobody', undefined, 401, 'Unauthorized'],
  ['DELETE /collections/1', 'viewer', undefined, 403, 'Forbidden'],
  ['DELETE /collections/x', 'admin', undefined, 400, MISSING],
  ['DELETE /collections/1?recursive=yes', 'admin', undefined, 400, INVALID],
  ['DELETE /collections/77', 'admin', undefined, 404, 'Collection not found'],
  ['DELETE /collections/1', 'admin', undefined, 409, 'Collection not empty'],
  ['DELETE /collections/2', 'admin', undefined, 200, 'Collection deleted successfully'],
  ['POST /collections/1/order', 'nobody', { ids: [1], before: null }, 401, 'Unauthorized'],
  ['POST /collections/1/order', 'viewer', { ids: [1], before: null }, 403, 'Forbidden'],
  [
    'POST /collections/1/order',
    'admin',
    { ids: [1], before: null },
    200,
    'Collection updated successfully',
  ],
  ...[{ ids: [1] }, { before: null }, { ids: [], before: null }, { ids: ['1'], before: null }].map(
    (move) => ['POST /collections/1/order', 'admin', move, 400, MISSING] as const,
  ),
  ...[
    { ids: [1, 1], before: null },
    { ids: [1], before: 1 },
    { ids: [777777], before: null },
    { ids: [1], before: 777777 },
    { ids: [1], before: null, after: 1 },
    { ids: Array.from({ length: 1001 }, (_, index) => index + 1), before: null },
  ].map((move) => ['POST /collections/1/order', 'admin', move, 400, INVALID] as const),
  ['POST /collections/3/order', 'admin', { ids: [1], before: null }, 400, INVALID],
  ['POST /collections/x/order', 'admin', { ids: [1], before: null }, 400, MISSING],
  ['POST /collections/77/order', 'admin', { ids: [1], before: null }, 404, 'Collection not found'],
  ...[{}, { add: [] }, { add: null }, { remove: ['1'] }, { add: [0] }].map(
    (change) =>
      ['POST /media/bulk/collections', 'admin', { ids: [1], ...change }, 400, MISSING] as const,
  ),
  ...[
    { add: [1], remove: [1] },
    { add: [3] },
    { add: [1], collections: [2] },
    { add: Array.from({ length: 257 }, (_, index) => index + 1) },
  ].map(
    (change) =>
      ['POST /media/bulk/collections', 'admin', { ids: [1], ...change }, 400, INVALID] as const,
  ),
  ['POST /media/bulk/collections', 'admin', { search: '', add: [1] }, 400, MISSING],
  ['POST /media/bulk/collections', 'admin', { ids: [1], add: [77] }, 404, 'Collection not found'],
  [
    'POST /media/bulk/collections',
    'admin',
    { ids: [1], remove: [77] },
    404,
    'Collection not found',
  ],
]
const presetRows: typeof accountRows = [
  ['GET /presets', 'nobody', undefined, 401, 'Unauthorized'],
  ['PUT /presets/hero', 'nobody', { options: 'w_5' }, 401, 'Unauthorized'],
  ['PUT /presets/hero', 'viewer', { options: 'w_5' }, 403, 'Forbidden'],
  ['PUT /presets/hero', 'admin', { options: 'w_5' }, 200, 'Preset saved successfully'],
  ['PUT /presets/hero', 'admin', { options: 'ar_1-1,w_5' }, 200, 'Preset saved successfully'],
  ['PUT /presets/hero', 'admin', {}, 400, MISSING],
  ...[null, 5, '', ['w_5']].map(
    (options) => ['PUT /presets/hero', 'admin', { options }, 400, MISSING] as const,
  ),
  ...['w_0', 'w_5.webp', 'scaled', 'hero,w_5', 'w_5,v_1', 'w_5,s_0-x', 'w_5,h_5,ar_1-1', ' '].map(
    (options) => ['PUT /presets/hero', 'admin', { options }, 400, INVALID] as const,
  ),
  ['PUT /presets/hero', 'admin', { options: 'w_5', revision: 1 }, 400, INVALID],
  ...['Hero', 'he_ro', 'scaled', 'high', 'x'.repeat(33), '1', '%20'].map(
    (name) => [`PUT /presets/${name}`, 'admin', { options: 'w_5' }, 400, INVALID] as const,
  ),
  ['POST /presets/hero', 'admin', { options: 'w_5' }, 405, 'Method not allowed'],
  ['DELETE /presets/hero', 'nobody', undefined, 401, 'Unauthorized'],
  ['DELETE /presets/hero', 'viewer', undefined, 403, 'Forbidden'],
  ['DELETE /presets/scaled', 'admin', undefined, 400, INVALID],
  ['DELETE /presets/nope', 'admin', undefined, 404, 'Preset not found'],
  ['DELETE /presets/hero', 'admin', undefined, 200, 'Preset deleted successfully'],
  ['POST /media/urls', 'nobody', { id: 1, options: ['scaled'] }, 401, 'Unauthorized'],
  ...[
    {},
    { id: 1 },
    { options: ['scaled'] },
    { id: '1', options: ['scaled'] },
    { id: 0, options: ['scaled'] },
    { id: 1, options: 'scaled' },
    { id: 1, options: [5] },
    { id: 1, options: [] },
  ].map((json) => ['POST /media/urls', 'admin', json, 400, MISSING] as const),
  ...[
    { id: 1, options: ['w_0.webp'] },
    { id: 1, options: ['nope.webp'] },
    { id: 1, options: Array.from({ length: 101 }, () => 'scaled') },
    { id: 1, options: ['scaled'], size: 5 },
  ].map((json) => ['POST /media/urls', 'admin', json, 400, INVALID] as const),
  ['POST /media/urls', 'admin', { id: 777777, options: ['scaled'] }, 404, 'Media not found'],
  ['GET /media/item/1/html', 'nobody', undefined, 401, 'Unauthorized'],
  ['GET /media/item/777777/html', 'admin', undefined, 404, 'Media not found'],
  ['GET /media/item/x/html', 'admin', undefined, 404, 'Media not found'],
  ['GET /media/item/1/html?preset=nope', 'admin', undefined, 404, 'Preset not found'],
  ['GET /media/item/1/html?preset=a.b', 'admin', undefined, 400, INVALID],
  ['GET /media/item/1/html?sizes=a&sizes=b', 'admin', undefined, 400, INVALID],
]
rows.push(
  ...['PUT /presets/hero', 'POST /media/urls'].map((request) => {
    const [method = '', path = ''] = request.split(' ')
    const options = { body: 'options=w_5', headers: { 'content-type': 'text/plain' } }
    const data = 'Unsupported media type'
    return { is: `${request} as text`, method, path, options, status: 415, data }
  }),
  ...[...accountRows, ...collectionRows, ...presetRows].map(([request, as, json, status, data]) => {
    const [method = '', path = ''] = request.split(' ')
    const is = `${request} ${JSON.stringify(json)?.slice(0, 60)} by ${as}`
    return { is, method, path, as, ...(json && { options: { json } }), status, data } as Row
  }),
)

const TUS = { 'tus-resumable': '1.0.0' }
const BYTES = { ...TUS, 'content-type': 'application/offset+octet-stream' }
const NO_UPLOAD = '/media/uploads/0123456789abcdef0123456789abcdef'
const NAMED = { 'upload-metadata': `name ${Buffer.from('A name').toString('base64')}` }
/** `[method, path, headers, body, status, data]`, by an administrator. */
const uploadRows: [string, string, Record<string, string>, string | undefined, number, string][] = [
  ['POST', '/media/uploads', {}, undefined, 412, 'Precondition failed'],
  ['POST', '/media/uploads', TUS, undefined, 400, MISSING],
  ['POST', '/media/uploads', { ...TUS, 'upload-length': 'x' }, undefined, 400, INVALID],
  ['POST', '/media/uploads', { ...TUS, 'upload-length': '9' }, undefined, 400, MISSING],
  [
    'POST',
    '/media/uploads',
    { ...TUS, 'upload-length': '9999999999' },
    undefined,
    413,
    'Image too large',
  ],
  [
    'POST',
    '/media/uploads',
    { ...TUS, ...NAMED, 'upload-length': '1', 'content-type': 'text/plain' },
    'x',
    415,
    'Unsupported media type',
  ],
  [
    'POST',
    '/media/uploads',
    { ...BYTES, ...NAMED, 'upload-length': '1' },
    'x',
    422,
    'Error adding media',
  ],
  [
    'POST',
    '/media/uploads',
    { ...BYTES, ...NAMED, 'upload-length': '1', 'upload-checksum': 'sha1 AAAA' },
    'x',
    460,
    'Checksum mismatch',
  ],
  ['PATCH', NO_UPLOAD, {}, undefined, 412, 'Precondition failed'],
  [
    'PATCH',
    NO_UPLOAD,
    { ...TUS, 'content-type': 'text/plain' },
    'x',
    415,
    'Unsupported media type',
  ],
  ['PATCH', NO_UPLOAD, BYTES, 'x', 400, MISSING],
  ['PATCH', NO_UPLOAD, { ...BYTES, 'upload-offset': '0' }, 'x', 404, 'Upload not found'],
  ['DELETE', NO_UPLOAD, {}, undefined, 412, 'Precondition failed'],
  ['DELETE', NO_UPLOAD, TUS, undefined, 404, 'Upload not found'],
]
rows.push(
  ...uploadRows.map(([method, path, headers, body, status, data]) => {
    const is = `${method} ${path} with ${JSON.stringify(headers)}`
    return { is, method, path, options: { headers, ...(body && { body }) }, status, data } as Row
  }),
  ...(['nobody', 'viewer'] as const).map((as) => {
    const [status, data] = as === 'nobody' ? [401, 'Unauthorized'] : [403, 'Forbidden']
    return {
      is: `an upload by ${as}`,
      method: 'POST',
      path: '/media/uploads',
      as,
      status,
      data,
    } as Row
  }),
  {
    is: 'an upload where files are not handled',
    method: 'POST',
    path: '/media/uploads',
    at: 'apiOnly',
    options: { headers: TUS },
    status: 503,
    data: NO_FILES,
  },
)

/** The statuses that the OpenAPI document names for a route. */
function documentedStatuses(method: string, path: string): string[] {
  const [target = ''] = path.split('?')
  const [, operations] =
    Object.entries(description.paths).find(([pattern]) =>
      new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]*')}$`).test(target),
    ) ?? []
  return Object.keys(operations?.[method.toLowerCase()]?.responses ?? {})
}

describe('every documented answer', () => {
  it.each(rows)(
    '$is: $status',
    async ({ method, path, as = 'admin', at = 'whole', options = {}, status, data }) => {
      const client = clients[at]?.[as]
      const admin = clients.whole?.admin
      if (!client || !admin) throw new Error('The clients are not there.')
      let target = path
      if (path.includes(':id')) {
        const added = await admin.add('For a row', [], await makeJpeg())
        target = path.replace(':id', String(added.body.media.id))
      }
      const before = await admin.list()
      const answer = await client.request(
        method,
        target,
        typeof options === 'function' ? await options() : options,
      )
      expect(answer.body).toMatchObject({ data, code: status })
      expect(answer.status).toBe(status)
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
      if (status >= 400) {
        const mayBe = ['detail', 'error']
        expect(Object.keys(answer.body).filter((key) => !mayBe.includes(key))).toEqual([
          'data',
          'code',
        ])
        // A refused request changed nothing.
        expect((await admin.list()).body).toEqual(before.body)
      }
      if (status !== 405 && data !== 'Not found') {
        expect(documentedStatuses(method, path)).toContain(String(status))
      }
      if (status === 405) expect(answer.headers.get('allow')).toMatch(/\b(GET|POST|DELETE)\b/)
    },
  )

  it('reports at the route of the trash that there is one', async () => {
    const answer = await clients.whole?.admin?.request('OPTIONS', '/media/bulk/trash')
    expect(answer?.status).toBe(204)
    expect(documentedStatuses('OPTIONS', '/media/bulk/trash')).toContain('204')
  })

  it('reports at the upload route whether the file service is on', async () => {
    expect(await clients.whole?.admin?.request('OPTIONS', '/media/add')).toMatchObject({
      status: 204,
    })
    expect(await clients.apiOnly?.admin?.request('OPTIONS', '/media/add')).toMatchObject({
      status: 503,
      body: { data: NO_FILES, code: 503 },
    })
  })
})
