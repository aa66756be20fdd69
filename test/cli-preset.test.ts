import { beforeAll, expect, it } from 'vitest'
import { fillLibrary } from './fill-library.ts'
import { makeDataFolder, runCli } from './harness.ts'

let data: string
beforeAll(async () => {
  data = makeDataFolder()
  await fillLibrary(data, [])
})

const run = (...args: string[]) => runCli(data, ['preset', ...args])

it('the commands for presets set, list and remove them', async () => {
  expect(await run('set', 'hero', 'ar_21-9,w_1600')).toEqual({
    code: 0,
    stdout: 'The preset hero is w_1600,ar_21-9, revision 1.\n',
    stderr: '',
  })
  await run('set', 'card', 'w_300,q_60')
  const lines = (await run('list')).stdout.split('\n')
  expect(lines.map((line) => line.replace(/\d{4}-\S+Z/, 'TIME'))).toEqual([
    'NAME  REVISION  CHANGED                   BY            OPTIONS',
    'card  2         TIME  command line  w_300,q_60',
    'hero  1         TIME  command line  w_1600,ar_21-9',
    '',
  ])
  expect(await run('remove', 'card')).toEqual({
    code: 0,
    stdout: 'Removed the preset card; its addresses show nothing any more.\n',
    stderr: '',
  })
  expect((await run('list')).stdout).not.toContain('card')
  const { stdout } = await runCli(data, ['audit'])
  expect(stdout).toMatch(/command line .* preset-deleted +preset:card /)
})

it.each([
  [['set', 'Hero', 'w_5'], /name is "Hero"; it must be a lower-case letter/],
  [['set', 'scaled', 'w_5'], /name is "scaled"; it must not be scaled or high/],
  [['set', 'hero', 'w_0'], /w is "0"; it must be a whole number/],
  [['set', 'hero', 'w_5.webp'], /w is "5\.webp"; it must be/],
  [['remove', 'nope'], /There is no preset nope/],
])('the commands for presets say what is wrong: %j', async (args, said) => {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(said)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})
