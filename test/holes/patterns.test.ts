import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSafePattern } from 'redos-detector'
import { parseAst } from 'vite'
import { expect, it } from 'vitest'
import { ROOT } from '../harness.ts'

/** Ways in which a pattern may match one text: a number that does not grow with the text. */
const MAX_WAYS = 50
/** Of the detector, so that it comes to an end; what it cannot judge within them is not accepted. */
const MAX_STEPS = 20_000

interface Pattern {
  file: string
  pattern: string
  flags: string
}

/** Every regular expression that is written in the program, tests aside. */
function listPatterns(): Pattern[] {
  const found: Pattern[] = []
  for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (/\.(?:test|fixture)\.ts$/.test(file)) continue
    const program = parseAst(readFileSync(join(ROOT, file), 'utf8'), { lang: 'ts' })
    // Every node, whatever it is part of.
    JSON.stringify(program, (key, value) => {
      if (key === 'regex') found.push({ file, pattern: value.pattern, flags: value.flags })
      return typeof value === 'bigint' ? String(value) : value
    })
  }
  return found
}

/** Whether the time that it takes grows with the text alone, wherever in it the match begins. */
function isLinear({ pattern, flags }: Pattern): boolean {
  // What repeats nothing without end takes a constant time wherever it begins.
  if (!/[*+]|\{\d+,\}/.test(pattern)) return true
  // The detector knows no names of groups.
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

it('no pattern takes longer than its text is long', () => {
  const patterns = listPatterns()
  expect(patterns.length).toBeGreaterThan(40)
  expect(patterns.filter((pattern) => !isLinear(pattern))).toEqual([])
})

it.each(['^bytes=\\s*(\\d*)\\s*-', 'a+b', '\\s+$', '(a+)+$'])(
  '%s would be found out',
  (pattern) => {
    expect(isLinear({ file: '', pattern, flags: '' })).toBe(false)
  },
)
