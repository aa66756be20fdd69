import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { judgeAudit } from '../audit-dependencies.ts'
import { ROOT } from '../harness.ts'

/**
 * Packages that process untrusted bytes, with the oldest version that is allowed. Raise a version when a
 * vulnerability of an earlier one is known, and never lower it.
 */
const FLOORS: Readonly<Record<string, string>> = {
  sharp: '0.35.5',
  fastify: '5.12.8',
  '@fastify/busboy': '3.2.6',
  '@fastify/cookie': '11.1.5',
  '@fastify/static': '10.1.11',
  '@fastify/swagger': '9.9.3',
  '@fastify/swagger-ui': '6.1.3',
  jose: '6.2.18',
}

interface Lock {
  packages: Record<string, { version?: string; dev?: boolean }>
}
const lock: Lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))

const isAtLeast = (version: string, floor: string) =>
  version.localeCompare(floor, 'en', { numeric: true }) >= 0

describe('dependencies', () => {
  it.each(Object.entries(FLOORS))('have no %s older than %s at any depth', (name, floor) => {
    const versions = Object.entries(lock.packages)
      .filter(([path]) => path.endsWith(`node_modules/${name}`))
      .map(([, { version = '0' }]) => version)
    expect(versions.length).toBeGreaterThan(0)
    expect(versions.filter((version) => !isAtLeast(version, floor))).toEqual([])
  })

  it('include decoders that are no older than these', () => {
    const { vips, heif = '0', webp = '0' } = sharp.versions
    expect(isAtLeast(vips, '8.18.7')).toBe(true)
    expect(isAtLeast(heif, '1.23.5')).toBe(true)
    expect(isAtLeast(webp, '1.6.0')).toBe(true)
  })

  it('compare versions as numbers', () => {
    expect(isAtLeast('0.35.10', '0.35.5')).toBe(true)
    expect(isAtLeast('0.34.99', '0.35.5')).toBe(false)
  })
})

describe('the audit of dependencies', () => {
  const report = (vulnerabilities: object) => JSON.stringify({ metadata: { vulnerabilities } })

  it.each([
    ['passed', report({ low: 1, moderate: 2, high: 0, critical: 0 })],
    ['failed', report({ high: 1, critical: 0 })],
    ['failed', report({ high: 0, critical: 2 })],
    ['not done', JSON.stringify({ message: '405 Method Not Allowed' })],
    ['not done', ''],
  ])('is %s', (verdict, output) => {
    expect(judgeAudit(output).verdict).toBe(verdict)
  })
})

describe('the bill of materials', () => {
  it('names exactly the packages that run in production, with their versions', () => {
    const { stdout } = spawnSync('npm', ['run', '--silent', 'sbom'], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    const { bomFormat, components } = JSON.parse(stdout)
    expect(bomFormat).toBe('CycloneDX')
    const named = new Map<string, string>(
      components.map(({ name, version }: { name: string; version: string }) => [name, version]),
    )
    for (const name of Object.keys(FLOORS)) {
      expect([name, named.get(name)]).toEqual([
        name,
        lock.packages[`node_modules/${name}`]?.version,
      ])
    }
    expect(named.has('vitest')).toBe(false)
  })
})
