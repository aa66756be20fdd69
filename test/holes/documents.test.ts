import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../harness.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** Columns: the hole, the countermeasure, the tests. */
const rows = (read('docs/security.md').split('\n## Checklist\n')[1] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:---|hole) \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
const testsOf = (cell = '') =>
  [...cell.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path = '']) => path)

describe('the checklist of holes', () => {
  it('has a countermeasure and an existing test for each hole', () => {
    expect(rows.length).toBeGreaterThan(30)
    for (const [, hole, against, tests] of rows) {
      expect([hole, against === '', testsOf(tests).length > 0]).toEqual([hole, false, true])
      for (const path of testsOf(tests)) {
        expect([path, existsSync(join(ROOT, path))]).toEqual([path, true])
      }
    }
  })

  it('names every test file in test/holes', () => {
    const named = rows.flatMap(([, , , tests]) => testsOf(tests))
    const there = globSync('test/holes/*.test.ts', { cwd: ROOT })
    expect(there.filter((path) => !named.includes(path))).toEqual(['test/holes/documents.test.ts'])
  })
})

describe('the security policy', () => {
  it('links to existing sections, and supports the current version', () => {
    const policy = read('SECURITY.md')
    const { version } = JSON.parse(read('package.json'))
    expect(policy).toContain(`| \`main\`, ${version.replace(/\.\d+$/, '')} | yes |`)
    const links = [...policy.matchAll(/\]\(([^)#]+)(?:#([^)]*))?\)/g)]
    expect(links.length).toBeGreaterThan(2)
    for (const [, path = '', section = ''] of links) {
      const headings = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      )
      expect([path, section, section === '' || headings.includes(section)]).toEqual([
        path,
        section,
        true,
      ])
    }
  })
})
