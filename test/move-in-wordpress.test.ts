import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collection } from '../src/media/collections/collection.ts'
import type { MediaItem } from '../src/media/item.ts'
import { makeJpeg, makePng, makeTalkingPhoto } from './fixtures.ts'
import { findFreePort } from './free-port.ts'
import { type Client, runCli, type Server, signIn, startServer } from './harness.ts'
import { expectSound } from './import-steps.ts'
import { hasWordPress, startWordPress, type WordPress } from './wordpress.ts'

const canTry = hasWordPress()
if (!canTry) {
  console.log(
    'There is no WordPress, or no MariaDB server at 127.0.0.1:3306 that lets root in without a password, so its tests are SKIPPED.',
  )
}

describe.skipIf(!canTry)('moving in from a real WordPress', () => {
  let wordPress: WordPress
  let server: Server
  let client: Client
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vitrine-wordpress-'))
    ;[wordPress, server] = await Promise.all([
      startWordPress(folder, await findFreePort()),
      startServer(),
    ])
    client = await signIn(server)
  })
  afterAll(async () => {
    await Promise.all([wordPress?.stop(), server?.stop()])
  })

  const upload = async (
    fileName: string,
    type: string,
    bytes: Uint8Array,
    texts: Record<string, string> = {},
  ): Promise<{ id: number; source_url: string }> => {
    const { status, json } = await send(`wp/v2/media?${new URLSearchParams(texts)}`, bytes, {
      'content-type': type,
      // As browsers write it: HTTP has no letters of its own for it.
      'content-disposition': `attachment; filename="${Buffer.from(fileName).toString('latin1')}"`,
    })
    expect(status, JSON.stringify(json)).toBe(201)
    return json as { id: number; source_url: string }
  }
  const send = async (route: string, body: unknown, headers: Record<string, string>) => {
    const response = await fetch(`${wordPress.url}/wp-json/${route}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(wordPress.token).toString('base64')}`,
        ...headers,
      },
      body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body),
    })
    return { status: response.status, json: await response.json() }
  }
  const post = async (route: string, body: unknown): Promise<number> => {
    const { status, json } = await send(route, body, { 'content-type': 'application/json' })
    expect([200, 201], JSON.stringify(json)).toContain(status)
    return (json as { id: number }).id
  }
  const moveIn = async (map: string, args: readonly string[], settings = {}) => {
    const command = ['import', '--from', 'wordpress', '--map', join(server.data, map), ...args]
    const { code, stdout, stderr } = await runCli(server.data, command, { settings })
    const [from, ...lines] = stdout.trimEnd().split('\n')
    return { code, from, counts: lines.pop(), lines, stderr }
  }
  const readMap = (map: string) =>
    readFileSync(join(server.data, map), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  const collections = async () =>
    (await client.request<{ collections: Collection[] }>('GET', '/collections')).body.collections
  const items = async (): Promise<MediaItem[]> =>
    (await client.list('?order=added-asc')).body.media as MediaItem[]

  it('brings names, texts, tags, folders, originals and addresses, and adds nothing twice', async () => {
    const large = await makeJpeg({ width: 2700, height: 1800 })
    const scaled = await upload('Straße am Fluß.jpg', 'image/jpeg', large, {
      title: 'Größe & „Maß“ <b>fett</b>',
      alt_text: 'Ein Fluß mit "Zitat"',
      caption: '<p>Am <em>Fluß</em> &amp; See</p>',
      description: '<p>Erste Zeile<br>zweite</p><ul><li>Punkt</li></ul>',
    })
    expect(scaled.source_url).toMatch(/-scaled\.jpg$/)
    await upload('boat.jpg', 'image/jpeg', await makeTalkingPhoto(), {
      title: 'Boat',
      alt_text: 'A boat',
    })
    const pdf = await upload('Plan.pdf', 'application/pdf', Buffer.from('%PDF-1.4\n'))
    const broken = await upload('broken.png', 'image/png', await makePng({ seed: 8 }))
    const missing = await upload('missing.png', 'image/png', await makePng({ seed: 9 }))
    const small = await upload('small.png', 'image/png', await makePng({ seed: 10 }))
    await wordPress.run(`
      file_put_contents(get_attached_file(${broken.id}), 'no image');
      unlink(get_attached_file(${missing.id}));`)
    const year = await post('wp/v2/media_folder', { name: '2024 & früher' })
    const trip = await post('wp/v2/media_folder', {
      name: 'Trip',
      parent: year,
      description: 'By boat',
    })
    const tag = await post('wp/v2/media_tags', { name: 'Fluß & See' })
    await post(`wp/v2/media/${scaled.id}`, { media_folder: [trip], media_tags: [tag] })
    await post(`wp/v2/media/${small.id}`, { media_folder: [year, trip] })

    const first = await moveIn('map.jsonl', [`${wordPress.url}`, '--token', wordPress.token])
    expect(first).toEqual({
      code: 1,
      from: `From WordPress at ${wordPress.url}/; the mapping is ${join(server.data, 'map.jsonl')}`,
      counts: '3 added, 0 already there, 3 refused, 0 failed',
      lines: expect.arrayContaining([
        `refused  Plan (${pdf.id}): The file is no image, but of the type application/pdf.`,
        expect.stringMatching(
          RegExp(`^refused {2}broken \\(${broken.id}\\): The file is plain text`),
        ),
        `refused  missing (${missing.id}): 127.0.0.1 cannot be fetched: it answered with the status 404.`,
      ]),
      stderr: '',
    })

    const uploads = scaled.source_url.replace(/[^/]*-scaled\.jpg$/, '')
    const stem = scaled.source_url.slice(uploads.length).replace('-scaled.jpg', '')
    const [river, boat, last] = await items()
    const found = await collections()
    expect(found).toMatchObject([
      { name: '2024 & früher', parent: null, count: 1, total: 2 },
      { name: 'Trip', parent: found[0]?.id, description: 'By boat', count: 2 },
    ])
    const [yearId = 0, tripId = 0] = found.map(({ id }) => id)
    expect(river).toMatchObject({
      name: 'Größe & „Maß“ fett',
      tags: ['Fluß & See'],
      alt: 'Ein Fluß mit "Zitat"',
      collections: [tripId],
      width: 2700,
      height: 1800,
    })
    expect((await client.get(`/media/item/${river?.id}`)).body).toMatchObject({
      media: {
        description: 'Am Fluß & See\n\nErste Zeile\nzweite\n\n- Punkt',
        fileName: `${stem}.jpg`,
      },
    })
    const original = await client.get(`/media/original/${river?.id}`)
    expect(original.bytes.equals(large)).toBe(true)
    // What people wrote counts before what the file says.
    expect(boat).toMatchObject({
      name: 'Boat',
      alt: 'A boat',
      tags: ['Sea', 'boat'],
      takenAt: '2023-12-31T23:59:58-03:30',
      rating: 4,
    })
    expect(last).toMatchObject({ name: 'small', tags: [], collections: [yearId, tripId] })

    const [head, ...lines] = readMap('map.jsonl')
    expect(head).toMatchObject({ source: 'wordpress', site: `${wordPress.url}/` })
    const byItem = new Map(lines.map((line) => [line.item, line]))
    expect(byItem.get(String(scaled.id))).toEqual({
      item: String(scaled.id),
      id: river?.id,
      outcome: 'added',
      name: 'Größe & „Maß“ fett',
      urls: {
        [scaled.source_url]: `/media/image/${river?.id}/high.auto`,
        [`${uploads}${stem}.jpg`]: `/media/image/${river?.id}/high.auto`,
        [`${uploads}${stem}-300x200.jpg`]: `/media/image/${river?.id}/w_320.auto`,
        [`${uploads}${stem}-150x150.jpg`]: `/media/image/${river?.id}/w_160,ar_1-1.auto`,
        [`${uploads}${stem}-768x512.jpg`]: `/media/image/${river?.id}/w_800.auto`,
        [`${uploads}${stem}-1024x683.jpg`]: `/media/image/${river?.id}/w_1200.auto`,
        [`${uploads}${stem}-1536x1024.jpg`]: `/media/image/${river?.id}/w_1600.auto`,
        [`${uploads}${stem}-2048x1365.jpg`]: `/media/image/${river?.id}/w_2560.auto`,
      },
    })
    for (const address of Object.values(byItem.get(String(scaled.id)).urls)) {
      expect((await client.get(String(address))).status, String(address)).toBe(200)
    }
    expect(byItem.get(String(pdf.id))).toEqual({
      item: String(pdf.id),
      outcome: 'refused',
      name: 'Plan',
      reason: 'The file is no image, but of the type application/pdf.',
      urls: [pdf.source_url],
    })
    expect(lines.filter((line) => 'collection' in line)).toEqual([
      { collection: `media_folder:${year}`, id: yearId, name: '2024 & früher' },
      { collection: `media_folder:${trip}`, id: tripId, name: 'Trip' },
    ])
    expect(lines).toHaveLength(8)

    // Once more, with an item that came since, and one that people changed here.
    await client.request('PATCH', `/media/item/${boat?.id}`, { json: { name: 'My boat' } })
    // As the file system of another machine may have named it.
    writeFileSync(join(wordPress.uploads, 'Späte Größe.png'), await makePng({ seed: 11 }))
    const late = await wordPress.run(`
      echo wp_insert_attachment(['post_title' => 'late', 'post_mime_type' => 'image/png'], 'Späte Größe.png');`)
    const settings = { VITRINE_IMPORT_TOKEN: wordPress.token }
    expect(await moveIn('map.jsonl', [wordPress.url], settings)).toMatchObject({
      code: 1,
      counts: '1 added, 3 already there, 3 refused, 0 failed',
      stderr: '',
    })
    expect((await items()).map(({ name }) => name)).toEqual([
      'Größe & „Maß“ fett',
      'My boat',
      'small',
      'late',
    ])
    expect(readMap('map.jsonl').slice(9)).toMatchObject([
      {
        item: late,
        outcome: 'added',
        urls: {
          [`${wordPress.url}/wp-content/uploads/Späte Größe.png`]: '/media/image/4/high.auto',
        },
      },
    ])
  })

  it('finds everything again without the mapping, also as a stranger on a site with plain addresses', async () => {
    const before = await items()
    await client.post(`/media/trash/${before[2]?.id}`, undefined)
    await client.request('PATCH', `/media/item/${before[3]?.id}`, { json: { alt: null } })
    await wordPress.run(`
      update_option('permalink_structure', ''); flush_rewrite_rules();
      update_post_meta(get_page_by_path('late', OBJECT, 'attachment')->ID, '_wp_attachment_image_alt', 'Late alt');`)
    const { code, counts, lines, stderr } = await moveIn('other.jsonl', [wordPress.url])
    expect({ code, counts, stderr, lines }).toMatchObject({
      code: 1,
      counts: '0 added, 4 already there, 3 refused, 0 failed',
      stderr: '',
    })
    expect(lines).toContainEqual(
      expect.stringMatching(
        RegExp(
          `^known {2}small \\(\\d+\\): Item ${before[2]?.id} in the trash has the same bytes\\.$`,
        ),
      ),
    )
    const after = await items()
    expect(after.map(({ name, alt }) => [name, alt])).toEqual([
      [before[0]?.name, before[0]?.alt],
      ['My boat', 'A boat'],
      // It had none, so it gets that of the source.
      ['late', 'Late alt'],
    ])
    expect(await collections()).toHaveLength(2)
    expect(readMap('other.jsonl').filter(({ outcome }) => outcome === 'known')).toHaveLength(4)
    await wordPress.run(
      `update_option('permalink_structure', '/%postname%/'); flush_rewrite_rules();`,
    )
    rmSync(join(server.data, 'other.jsonl'))
    await expectSound(server.data)
  })

  it('says what is wrong with the token, and with the mapping', async () => {
    const wrong = await moveIn('wrong.jsonl', [wordPress.url, '--token', 'anna:wrong pass word'])
    expect(wrong).toMatchObject({ code: 1, from: '' })
    expect(wrong.stderr).toMatch(
      /^WordPress at http:\S+ cannot be read: it does not accept the token for wp-json\/wp\/v2\/users\/me: status 401 \(.+\)\.\n$/,
    )
    expect(wrong.stderr).not.toContain('pass word')
    expect((await moveIn('wrong.jsonl', [wordPress.url, '--token', 'secret'])).stderr).toMatch(
      /^The token must be a user and an application password/,
    )
    writeFileSync(join(server.data, 'diary.txt'), 'Dear diary,\n')
    expect((await moveIn('diary.txt', [wordPress.url])).stderr).toMatch(/ is no mapping: line 1 /)
  })
})
