import { globSync, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { heard } from './heard.ts'

/** Code that makes a stream, a child process, a server or a pool of connections. */
const MAKERS = [
  'createReadStream',
  'createWriteStream',
  'new (?:Readable|Writable|Duplex|Transform|PassThrough|Busboy|EventEmitter)',
  'Readable\\.from',
  '(?:cluster\\.)?fork',
  'spawn',
  'execFile',
  'createHttpServer',
  'new pg\\.(?:Pool|Client)',
  'net\\.connect',
  'tls\\.connect',
  'archive\\.entry',
  'new Worker',
]
const MADE = new RegExp(
  `(?<before>heard\\(\\s*)?(?<![\\w.'])(?:\\w+\\.)?(?<what>(?:${MAKERS.join('|')})\\(|(?:pack|extract)\\(\\))`,
  'g',
)

it('every stream of the program has an error listener from the beginning', () => {
  const files = globSync('src/**/*.ts').filter((file) => !/\.(?:test|fixture)\.ts$/.test(file))
  expect(files.length).toBeGreaterThan(100)
  const unheard = files.flatMap((file) => {
    const code = readFileSync(file, 'utf8').replace(/\/\*.*?\*\/|\/\/.*?$/gms, '')
    return [...code.matchAll(MADE)]
      .filter(({ groups }) => groups?.before === undefined)
      .map(({ groups }) => `${file}: ${groups?.what}`)
  })
  expect(unheard).toEqual([])
})

it('a failed stream still gives its error to a later reader', async () => {
  const fail = async () => {
    const stream = heard(new PassThrough())
    stream.destroy(new Error('early'))
    await new Promise(setImmediate)
    return stream
  }
  await expect(buffer(await fail())).rejects.toThrow('early')
  await expect(pipeline(await fail(), heard(new PassThrough()))).rejects.toThrow('early')
})
