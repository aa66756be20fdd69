import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSafePattern } from 'redos-detector'
import { parseAst } from 'vite'
import { expect, it } from 'vitest'
import { ROOT } from '../harness.ts'

/** The number of ways in which a pattern may match one text. It must not grow with the text. */
const MAX_WAYS = 50
/**
 * The limit of the detector, so that it ends. A pattern that it cannot judge within the limit is not
 * accepted.
 */
const MAX_STEPS = 20_000

interface Pattern {
  file: string
  pattern: string
  flags: string
}

/** Lists every regular expression in the program, except in tests. */
function listPatterns(): Pattern[] {
  const found: Pattern[] = []
  for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (/\.(?:test|fixture)\.ts$/.test(file)) continue
    const program = parseAst(readFileSync(join(ROOT, file), 'utf8'), { lang: 'ts' })
    // Visits every node of the syntax tree.
    JSON.stringify(program, (key, value) => {
      if (key === 'regex') found.push({ file, pattern: value.pattern, flags: value.flags })
      return typeof value === 'bigint' ? String(value) : value
    })
  }
  return found
}

/** Whether the matching time is linear in the length of the text, wherever the match begins. */
function isLinear({ pattern, flags }: Pattern): boolean {
  // A pattern without unbounded repetition takes constant time at each position.
  if (!/[*+]|\{\d+,\}/.test(pattern)) return true
  // The detector does not support named groups.
  const { safe } = isSafePattern(pattern.replaceAll(/\(\?<\w+>/g, '('), {
    caseInsensitive: flags.includes('i'),
    unicode: flags.includes('u'),
    dotAll: flags.includes('s'),
    multiLine: flags.includes('m'),
    maxScore: MAX_WAYS,
    maxSteps: MAX_STEPS,
  })
  return safe
}

it('every pattern takes linear time', () => {
  const patterns = listPatterns()
  expect(patterns.length).toBeGreaterThan(40)
  expect(patterns.filter((pattern) => !isLinear(pattern))).toEqual([])
})

it.each(['^bytes=\\s*(\\d*)\\s*-', 'a+b', '\\s+$', '(a+)+$'])(
  '%s would not be accepted',
  (pattern) => {
    expect(isLinear({ file: '', pattern, flags: '' })).toBe(false)
  },
)
