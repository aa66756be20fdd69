import { beforeAll, describe, expect, it } from 'vitest'
import { fillLibrary } from './fill-library.ts'
import { makeDataFolder, runCli } from './harness.ts'

let data: string
beforeAll(async () => {
  data = makeDataFolder()
  await fillLibrary(data, [{ name: 'One' }, { name: 'Two' }, { name: 'Three' }])
})

const run = (...args: string[]) => runCli(data, ['collection', ...args])

describe('the commands for collections', () => {
  it('make them, fill them, list them and delete them', async () => {
    expect(await run('add', 'Travel')).toEqual({
      code: 0,
      stdout: 'Added the collection 1: Travel\n',
      stderr: '',
    })
    await run('add', '東京', '--parent', '1')
    await run('add', 'Towers', '--query', 'search=tower&minRating=3')
    expect(await run('put', '2', '3', '1', '3')).toMatchObject({
      code: 0,
      stdout: 'Put 2 items into the collection 2.\n',
    })
    expect(await run('put', '1', '2', '77')).toEqual({
      code: 1,
      stdout: 'Put 1 items into the collection 1.\n',
      stderr: 'There is no media item with id 77.\n',
    })
    expect(await run('take', '2', '1')).toMatchObject({
      code: 0,
      stdout: 'Took 1 items out of the collection 2; they are still in the library.\n',
    })
    expect(await run('rename', '1', 'Journeys')).toMatchObject({ code: 0 })
    const { stdout } = await run('list')
    expect(stdout.split('\n')).toEqual([
      'ID  ITEMS   WITH ALL BELOW  NAME',
      '1   1       2               Journeys',
      '2   1       1                 東京',
      '3   search  search          Towers',
      '',
    ])
    expect(await run('put', '3', '1')).toMatchObject({
      code: 1,
      stderr: 'Collection 3 is a saved search; no item can be put into it.\n',
    })
    expect(await run('delete', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Collection 1 has 1 collection below it'),
    })
    expect(await run('delete', '1', '--recursive')).toEqual({
      code: 0,
      stdout: 'Deleted the collection Journeys; its items are still in the library.\n',
      stderr: '',
    })
    expect((await run('list')).stdout).toBe(
      'ID  ITEMS   WITH ALL BELOW  NAME\n3   search  search          Towers\n',
    )
    const trail = await runCli(data, ['audit'])
    expect(trail.stdout).toMatch(/command line .* collection-deleted +collection:1 /)
  })

  it.each([
    [['rename', 'x', 'Name'], /"x" is no id; it must be a whole number/],
    [['rename', '77', 'Name'], /There is no collection with id 77/],
    [['add', ' '], /name is blank/],
    [['add', 'New', '--parent', '77'], /There is no collection with id 77/],
    [['add', 'New', '--query', 'serch=x'], /"serch", which is no parameter of a saved search/],
    [['put', '77', '1'], /There is no collection with id 77/],
  ])('say what is wrong: %j', async (args, said) => {
    const { code, stdout, stderr } = await run(...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(said)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('make no library where there is none', async () => {
    const { code, stderr } = await runCli(makeDataFolder(), ['collection', 'add', 'New'], {
      settings: { VITRINE_DATABASE_URL: undefined },
    })
    expect(code).toBe(1)
    expect(stderr).toContain('There is no library in')
  })
})
