import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectTo, startServer, type TestServer } from '../test-server.ts'
import { acceptUploads, readUpload } from './read-upload.ts'

const MAX = 1_000_000
const folder = mkdtempSync(join(tmpdir(), 'vitrine-upload-'))
const image = randomBytes(300_000)
const received = { size: image.length, sha256: createHash('sha256').update(image).digest('hex') }

afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => expect(readdirSync(folder)).toEqual([]))

let server: TestServer
let newFile = () => ''
let bytesRead = 0
let onFailure = (_error: unknown) => {}
beforeEach(async () => {
  bytesRead = 0
  onFailure = () => {}
  newFile = () => join(folder, randomBytes(8).toString('hex'))
  server = await startServer((app) => {
    acceptUploads(app, { maxImageBytes: MAX })
    app.post('/add', { config: { access: 'public', failure: 'Error adding' } }, async (request) => {
      const upload = await readUpload(request, {
        fieldNames: ['name', 'tags'],
        maxImageBytes: MAX,
        temporaryFile: () => newFile(),
        chunkWasRead: (bytes) => {
          bytesRead += bytes
        },
      }).catch((error) => {
        onFailure(error)
        throw error
      })
      const { path, size, sha256 } = upload.image ?? {}
      if (path) expect(statSync(path)).toMatchObject({ size, mode: 0o100600 })
      await upload.discard()
      expect(path && existsSync(path)).toBeFalsy()
      return {
        ...upload.fields,
        image: size === undefined ? 'none' : { size, sha256 },
        problem: upload.problem,
        detail: upload.problem?.detail,
      }
    })
  })
})

interface Answer {
  code?: number
  name?: unknown
  tags?: unknown
  image?: { size: number }
  problem?: unknown
  detail?: string
}

const post = async (body: string | Buffer | FormData, type?: string) => {
  const response = await fetch(`${server.url}/add`, {
    method: 'POST',
    body: typeof body === 'string' || body instanceof FormData ? body : new Uint8Array(body),
    ...(type !== undefined && { headers: { 'content-type': type } }),
  })
  const answer = (await response.json()) as Answer
  expect(answer.code ?? 200).toBe(response.status)
  return answer
}

/** Sends a body in pieces of `size` bytes, so that the borders of pieces fall everywhere. */
const postInPieces = async (body: Buffer, type: string, size: number) => {
  const client = await connectTo(server.port)
  client.socket.setNoDelay(true)
  await client.send(
    `POST /add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ${type}\r\n` +
      'Transfer-Encoding: chunked\r\n\r\n',
  )
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    await client.send(
      Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
    )
  }
  await client.send('0\r\n\r\n')
  const text = (await client.closed()).received
  return JSON.parse(Buffer.from(text.slice(text.indexOf('\r\n\r\n')), 'latin1').toString())
}

describe('a JSON upload', () => {
  const json = (body: string | Buffer) => post(body, 'application/json')
  const missing = { data: 'Required parameters missing', code: 400, error: 'parameters-missing' }
  const base64 = image.toString('base64')

  it('is read', async () => {
    const fields = { name: 'Straße 🏞', tags: ['a', 'b'] }
    expect(await json(JSON.stringify({ ...fields, image: base64 }))).toEqual({
      ...fields,
      image: received,
    })
  })

  it('reports every byte that was read of the body', async () => {
    const body = JSON.stringify({ name: 'n', tags: 't', image: base64 })
    await json(body)
    expect(bytesRead).toBe(body.length)
  })

  it.for([
    ['the image first', `{"image":"${base64}","name":"n","tags":"t"}`],
    ['space between everything', ` { "name" : "n" ,\n"image"\t:\r\n "${base64}" , "tags":"t" } `],
    ['a byte order mark', `\uFEFF{"name":"n","tags":"t","image":"${base64}"}`],
    ['slashes escaped', `{"name":"n","tags":"t","image":"${base64.replaceAll('/', '\\/')}"}`],
    ['plus escaped', `{"name":"n","tags":"t","image":"${base64.replaceAll('+', '\\u002B')}"}`],
    ['lines', `{"name":"n","tags":"t","image":"${base64.replace(/.{76}/g, '$&\\r\\n')}"}`],
    [
      'everything escaped',
      `{"name":"n","tags":"t","im\\u0061ge":"${base64.replace(/./g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}"}`,
    ],
    ['a data URL', `{"name":"n","tags":"t","image":"data:image\\/png;base64,${base64}"}`],
    [
      'other images deeper down',
      `{"a":{"image":"!"},"b":[{"image":["!"]},"image"],"name":"n","image":"${base64}","tags":"t","c":{"image":5}}`,
    ],
    [
      'traps in strings',
      `{"x\\"image":"!","y":"{\\"image\\":\\"!\\"}","z":"\\\\","name":"n","image":"${base64}","tags":"t"}`,
    ],
  ] as const)('is read with %s', async ([, body]) => {
    expect(await json(body)).toEqual({ name: 'n', tags: 't', image: received })
  })

  it('is read in pieces of any size', async () => {
    const small = randomBytes(100)
    const body = Buffer.from(
      `{"nam\\u0065":"é\\"\\u00e9","image":"${small.toString('base64').replaceAll('/', '\\/').replaceAll('A', '\\u0041')}","tags":[]}`,
    )
    const sha256 = createHash('sha256').update(small).digest('hex')
    for (const size of [1, 2, 3, 5, 11]) {
      expect(await postInPieces(body, 'application/json', size)).toEqual({
        name: 'é"é',
        tags: [],
        image: { size: 100, sha256 },
      })
    }
  })

  it.for([
    ['absent', '{"name":5,"tags":null}', { name: 5, tags: null }],
    ['null', '{"image":null}', {}],
    ['a number', '{"image": -1.5e3}', {}],
    ['an array', '{"image":["QUJD"]}', {}],
    ['an object', '{"image":{"image":"QUJD"},"name":"n"}', { name: 'n' }],
    ['empty', '{"image":""}', {}],
    ['blank', '{"image":" \\n"}', {}],
    ['an empty data URL', '{"image":"data:image/png;base64,"}', {}],
  ] as const)('has no image if it is %s', async ([, body, fields]) => {
    expect(await json(body)).toEqual({ ...fields, image: 'none' })
  })

  it.for([
    ['nothing', ''],
    ['cut short', `{"name":"n","tags":"t","image":"${base64}`],
    ['cut short in an escape', '{"image":"QUJD\\u00'],
    ['cut short after the image', '{"image":"QUJD"'],
    ['no JSON', 'name=n&image=QUJD'],
    ['two objects', '{"name":"n"}{"image":"QUJD"}'],
    ['no object', '["image","QUJD"]'],
    ['null', 'null'],
    ['a text', '"image"'],
    ['a missing colon', '{"image" "QUJD"}'],
    ['a missing comma', '{"name":"n" "image":"QUJD"}'],
    ['a pair in an array', '["a","image":"QUJD"]'],
    ['a stray bracket', '{"name":"n","image":"QUJD"]}'],
    ['a bare line break in the image', '{"image":"QUJD\nQUJD"}'],
    ['an unknown escape in the image', '{"image":"QUJD\\x"}'],
    ['an escape that ends too early', '{"image":"QUJD\\u00"}'],
    ['__proto__', '{"name":"n","__proto__":{"tags":"t"},"image":"QUJD"}'],
    ['__proto__ deep down', '{"name":"n","tags":[{"a":{"__proto__":5}}],"image":"QUJD"}'],
    ['an escaped __proto__', '{"name":"n","\\u005f_proto__":{"tags":"t"},"image":"QUJD"}'],
    ['two images', '{"image":"QUJD","name":"n","image":"QUJD"}'],
    ['two images, one null', '{"image":null,"name":"n","im\\u0061ge":"QUJD"}'],
  ] as const)('is refused with %s', async ([, body]) => {
    expect(await json(body)).toMatchObject(missing)
  })

  it.for([
    ['in a name', Buffer.from('{"name":"\xe9"}', 'latin1')],
    ['in an image', Buffer.from('{"image":"QUJD\xe9"}', 'latin1')],
    ['at the end of an image', Buffer.from('{"image":"QUJD\xc3","name":"\xa9"}', 'latin1')],
  ] as const)('is refused with invalid UTF-8 %s', async ([, body]) => {
    expect(await json(body)).toMatchObject(missing)
  })

  it('is not hurt by nesting', async () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    const answer = await json(`{"a":${deep(100_000)},"name":"n","image":"${base64}"}`)
    expect(answer).toEqual({ name: 'n', image: received })
    expect(await json('['.repeat(1_000_000))).toMatchObject(missing)
  })

  it('has a problem, but still its fields, if the image is not base64', async () => {
    const fields = { name: 'n', tags: ['t'] }
    for (const wrong of ['<svg>', 'é', 'QU"JD', 'QUJD\\', `${base64}%`, 'QUJDRA=']) {
      const { problem, detail, ...rest } = await json(JSON.stringify({ image: wrong, ...fields }))
      expect(problem).toMatchObject({ code: 'image-refused', status: 500 })
      expect(detail).toMatch(/^image is not base64: it (holds|is padded)/)
      expect(rest).toEqual({ ...fields, image: 'none' })
    }
  })

  it('may hold a mebibyte beside the image', async () => {
    const of = (length: number) => `{"name":"${'n'.repeat(length)}","image":"QUJD"}`
    expect((await json(of(1_000_000))).image).toMatchObject({ size: 3 })
    expect(await json(of(1_100_000))).toMatchObject({
      data: 'Invalid parameters',
      code: 400,
      error: 'parameters-invalid',
    })
  })
})

describe('a multipart upload', () => {
  const file = new Blob([new Uint8Array(image)], { type: 'image/png' })
  const form = (...fields: [string, string | Blob][]) => {
    const data = new FormData()
    for (const [name, value] of fields) data.append(name, value)
    return data
  }
  const type = 'multipart/form-data; boundary=b'
  const part = (headers: string, body: string) => `--b\r\n${headers}\r\n\r\n${body}\r\n`
  const named = (name: string, body: string) =>
    part(`Content-Disposition: form-data; name="${name}"`, body)

  it('is read with its parts in any order', async () => {
    for (const fields of [
      [
        ['name', 'Straße 🏞'],
        ['tags', 'a,b'],
        ['image', file],
      ],
      [
        ['image', file],
        ['tags', 'a,b'],
        ['other', file],
        ['name', 'Straße 🏞'],
        ['x', 'y'],
      ],
    ] as [string, string | Blob][][]) {
      expect(await post(form(...fields))).toEqual({
        name: 'Straße 🏞',
        tags: 'a,b',
        image: received,
      })
    }
  })

  it.for([
    [[], undefined],
    [['[]'], []],
    [['a'], 'a'],
    [[''], ''],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['[]', 'b'],
      ['[]', 'b'],
    ],
  ] as const)('with tags %j has tags %j', async ([tags, expected]) => {
    const answer = await post(
      form(...tags.map((tag): [string, string] => ['tags', tag]), ['x', 'y']),
    )
    expect(answer.tags).toEqual(expected)
  })

  it('gives a repeated name as an array', async () => {
    expect(await post(form(['name', 'a'], ['name', 'b']))).toMatchObject({ name: ['a', 'b'] })
  })

  it('takes an image without a file name, and takes no image from an empty file', async () => {
    const headers = 'Content-Disposition: form-data; name="image"'
    expect(
      await post(`${part(`${headers}\r\nContent-Type: image/png`, 'abc')}--b--\r\n`, type),
    ).toMatchObject({ image: { size: 3 } })
    expect(await post(`${part(`${headers}; filename=""`, '')}--b--\r\n`, type)).toEqual({
      image: 'none',
    })
  })

  it('is read in pieces of any size', async () => {
    const body = Buffer.from(
      `${named('name', 'Straße')}${part('Content-Disposition: form-data; name="image"; filename="a"', '\r\n--\r\n-b\r\n--')}${named('tags', '[]')}--b--\r\nepilogue`,
    )
    for (const size of [1, 2, 3, 7, 50]) {
      expect(await postInPieces(body, type, size)).toMatchObject({
        name: 'Straße',
        tags: [],
        image: { size: 12 },
      })
    }
  })

  it('ends at its last boundary, whatever follows', async () => {
    const whole = `${named('name', 'n')}--b--\r\n`
    for (const after of ['', whole, '\r\n--b']) {
      expect(await post(whole + after, type)).toEqual({ name: 'n', image: 'none' })
    }
    // Here the parser finishes before its `end` is called.
    const odd = '--b\rb\r\n--b\r\n\r\n--b--\r\n'
    expect(await post(odd + odd, type)).toEqual({ image: 'none' })
  })

  it('is refused wherever it is cut short', async () => {
    const whole = `${named('name', 'n')}${part('Content-Disposition: form-data; name="image"; filename="a"', 'abc')}--b--`
    for (let length = 0; length < whole.length; length++) {
      expect(await post(whole.slice(0, length), type)).toMatchObject({
        data: 'Required parameters missing',
        detail: expect.stringContaining('last boundary'),
      })
    }
    expect(await post(whole, type)).toMatchObject({ name: 'n', image: { size: 3 } })
  })

  it.for([
    ['no boundary', 'multipart/form-data', `${named('name', 'n')}--b--`],
    ['a boundary without end', `multipart/form-data; boundary=${'b'.repeat(300)}`, 'x'],
    ['an image that is no file', type, `${named('image', 'QUJD')}--b--`],
    [
      'a name that is a file',
      type,
      `${part('Content-Disposition: form-data; name="name"; filename="a"', 'n')}--b--`,
    ],
    ['a name that is not UTF-8', type, Buffer.from(`${named('name', '\xe9')}--b--`, 'latin1')],
  ] as const)('is refused with %s', async ([, contentType, body]) => {
    const answer = await post(typeof body === 'string' ? body : Buffer.from(body), contentType)
    expect(answer).toMatchObject({ data: 'Required parameters missing' })
  })

  it('is refused with two images', async () => {
    expect(await post(form(['image', file], ['image', file]))).toMatchObject({
      data: 'Required parameters missing',
      detail: 'The body gives image more than once.',
    })
  })

  it.for([
    ['parts', `${named('a', '').repeat(10_000)}--b--`],
    ['fields', `${named('tags', 'a'.repeat(60_000)).repeat(20)}--b--`],
    ['long a field', `${named('name', 'a'.repeat(600_000))}--b--`],
  ] as const)('is refused with too many %s', async ([, body]) => {
    expect(await post(body, type)).toMatchObject({
      data: 'Invalid parameters',
      code: 400,
      error: 'parameters-invalid',
    })
  })

  it('keeps little of endless headers', async () => {
    const body = `${part(`Content-Disposition: form-data; name="name"\r\nX: ${'x'.repeat(500_000)}`, 'n')}--b--`
    expect(await post(body, type)).toMatchObject({ image: 'none' })
  })
})

describe('an upload', () => {
  const tooLarge = {
    data: 'Image too large',
    code: 413,
    error: 'image-too-large',
    detail: expect.any(String),
  }

  it('is too large from the first byte over the limit on', async () => {
    const upload = (bytes: number) => {
      const data = new FormData()
      data.append('image', new Blob([new Uint8Array(bytes)]))
      return post(data)
    }
    expect((await upload(MAX)).image?.size).toBe(MAX)
    expect(await upload(MAX + 1)).toEqual(tooLarge)

    const json = (bytes: number) =>
      post(`{"image":"${Buffer.alloc(bytes).toString('base64')}"}`, 'application/json')
    expect((await json(MAX)).image?.size).toBe(MAX)
    expect(await json(MAX + 1)).toEqual(tooLarge)
  })

  it.for([
    ['application/json', 1.5 * MAX + 1024 * 1024],
    ['multipart/form-data; boundary=b', MAX + 1024 * 1024],
    ['text/plain', 1.5 * MAX + 1024 * 1024],
  ] as const)('of %s is refused unread if its length is too large', async ([type, limit]) => {
    const client = await connectTo(server.port)
    await client.send(
      `POST /add HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${limit + 1}\r\n\r\n`,
    )
    const answer = await client.receive((text) => text.endsWith('}'))
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*"Image too large"/s)
  })

  it.for([
    ['application/json', '{"image":"', 'QUJD'],
    ['application/json', '{"image":"', '    '],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n',
      'abcd',
    ],
    ['multipart/form-data; boundary=b', '', 'abcd'],
  ] as const)(
    'of %s (%j, then %j) without end is refused while it is sent',
    async ([type, start, more]) => {
      const client = await connectTo(server.port)
      const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
      await client.send(
        `POST /add HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      )
      if (start) await client.send(chunk(start))
      let sent = 0
      let answered = false
      client.socket.once('data', () => {
        answered = true
      })
      for (; !answered && sent < 1000; sent++) await client.send(chunk(more.repeat(25_000)))
      expect(await client.receive((text) => text.endsWith('}'))).toContain('"Image too large"')
      // The client is still sending, and the connection is still open.
      await client.send(chunk(more.repeat(25_000)))
      await client.send('0\r\n\r\nGET /none HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await client.receive((text) => text.includes('"Not found"'))
    },
  )

  it.for([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'multipart/mixed; boundary=b',
    'nonsense',
  ])('of %s is refused', async (type) => {
    expect(await post('x', type)).toMatchObject({
      data: 'Unsupported media type',
      code: 415,
      error: 'unsupported-media-type',
      detail: expect.stringMatching(/application\/json/),
    })
  })

  it.for(['application/json', 'multipart/form-data; boundary=b'])(
    'of %s leaves nothing behind when the client hangs up',
    async (type) => {
      const client = await connectTo(server.port)
      const start =
        type === 'application/json'
          ? '{"image":"QUJD'
          : '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nabc\r\n'
      const begun = Promise.withResolvers<void>()
      newFile = () => {
        begun.resolve()
        return join(folder, 'cut')
      }
      const failed = new Promise((resolve) => {
        onFailure = resolve
      })
      await client.send(
        `POST /add HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 1000\r\n\r\n${start}`,
      )
      await begun.promise
      client.socket.destroy()
      expect(await failed).toMatchObject({ code: 'body-broken-off', status: 400 })
      const line = await server.logged(({ path }) => path === '/add')
      expect(line).toMatchObject({ level: 30, aborted: true })
      expect(server.log.filter((text) => JSON.parse(text).level > 30)).toEqual([])
    },
  )

  it('is answered with a fault when the disk fails', async () => {
    newFile = () => join(folder, 'no', 'such', 'folder')
    expect(await post('{"image":"QUJD"}', 'application/json')).toMatchObject({
      data: 'Error adding',
      code: 500,
    })
    const { err } = await server.logged(({ level }) => level === 50)
    expect(err).toMatchObject({ code: 'ENOENT' })
  })
})
