import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { generateTypes } from '../../web/generate-api.ts'
import { Client, ROOT, startServer } from '../harness.ts'

const MAX_SCRIPT_BYTES = 220_000

describe('the built page', () => {
  it('loads at most 220 kB of compressed scripts before it shows anything', async () => {
    const server = await startServer()
    onTestFinished(async () => void (await server.stop()))
    const client = new Client(server.url)
    const html = (await client.get('/')).bytes.toString()
    const scripts = [...html.matchAll(/"(\/assets\/[^"]+\.js)"/g)].map(([, path = '']) => path)
    expect(scripts).not.toEqual([])
    let bytes = 0
    for (const path of scripts) {
      const { headers } = await client.get(path, { headers: { 'accept-encoding': 'br' } })
      expect(headers.get('content-encoding')).toBe('br')
      bytes += Number(headers.get('content-length'))
    }
    expect(bytes).toBeGreaterThan(10_000)
    expect(bytes).toBeLessThanOrEqual(MAX_SCRIPT_BYTES)
  })

  it('has types of the API as the server describes it; if not, run `node web/generate-api.ts`', async () => {
    const written = readFileSync(join(ROOT, 'web/src/api/schema.d.ts'), 'utf8')
    // Compared as a boolean: a diff of several hundred lines would not help.
    expect((await generateTypes()) === written).toBe(true)
  })
})
