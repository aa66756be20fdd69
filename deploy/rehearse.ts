/**
 * Runs the steps of the Dockerfile without Docker, in a clean folder: the COPY and RUN steps, the CMD, and
 * the HEALTHCHECK.
 *
 *   node deploy/rehearse.ts
 *
 * Skips the steps that need the base image of another system or another account, and prints which.
 */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = join(import.meta.dirname, '..')
const image = mkdtempSync(join(tmpdir(), 'vitrine-image-'))
const node = join(root, 'node_modules/.bin')

/** The current stage: its files, the working directory, and the environment of its commands. */
let stage = image
let folder = stage
let environment: Record<string, string> = {}
let start: string[] = []
let health: string[] = []
const stages = new Map<string, string>()

/** The files that `Dockerfile.dockerignore` lets into the build. */
const ignored = readFileSync(join(import.meta.dirname, 'Dockerfile.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && line !== '*')
const kept = new Set(ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1)))
const left = new Set(
  ignored.filter((line) => !line.startsWith('!')).flatMap((line) => globSync(line, { cwd: root })),
)
const isInBuild = (path: string) => {
  const name = relative(root, path)
  return kept.has(name.split('/')[0] ?? '') && !left.has(name)
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

// npm needs this machine's settings for proxies and certificates, so the environment is passed on.
const stageEnvironment = () => ({
  ...process.env,
  PATH: `${node}:${process.env.PATH}`,
  ...environment,
})

const steps: Record<string, (text: string) => void> = {
  FROM(text) {
    const [base = '', , name = 'final'] = text.split(/\s+/)
    console.log(`(this machine in place of ${base})`)
    stage = folder = join(image, name)
    stages.set(name, stage)
    environment = {}
  },
  WORKDIR(text) {
    folder = join(stage, text)
    mkdirSync(folder, { recursive: true })
  },
  ENV(text) {
    for (const pair of text.split(/\s+/)) {
      const [name = '', value = ''] = pair.split('=')
      environment[name] = value.startsWith('/') ? join(stage, value) : value
    }
  },
  COPY(text) {
    const words = text.split(/\s+/)
    const from = words[0]?.startsWith('--from=')
      ? words.shift()?.slice('--from='.length)
      : undefined
    const target = words.pop() ?? ''
    for (const source of words) {
      const path = from ? join(stages.get(from) ?? '', source) : join(root, source)
      const isFile = target.endsWith('/') || target.startsWith('.')
      cpSync(path, isFile ? join(folder, target, source) : join(folder, target), {
        recursive: true,
        filter: (name) => from !== undefined || isInBuild(name),
      })
    }
  },
  RUN(text) {
    if (text.includes('-o node')) return console.log('(left out: it needs the account "node")')
    const { status } = spawnSync('sh', ['-ec', text], {
      cwd: folder,
      env: stageEnvironment(),
      stdio: 'inherit',
    })
    if (status !== 0) fail(`The command ended with ${status}.`)
  },
  HEALTHCHECK(text) {
    health = JSON.parse(text.slice(text.indexOf('[')))
  },
  CMD(text) {
    start = JSON.parse(text)
  },
}

const lines = readFileSync(join(import.meta.dirname, 'Dockerfile'), 'utf8')
  .replaceAll('\\\n', ' ')
  .split('\n')
for (const line of lines) {
  if (line === '' || line.startsWith('#')) continue
  console.log(`> ${line}`)
  const [, step = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
  steps[step]?.(text)
}

const [command = '', ...args] = start
const server = spawn(command, args, {
  cwd: folder,
  env: { ...stageEnvironment(), VITRINE_HOST: '127.0.0.1' },
  stdio: 'inherit',
})
const isHealthy = () => {
  const [asker = '', ...question] = health
  return spawnSync(asker, question, { cwd: folder, env: stageEnvironment() }).status === 0
}
let healthy = isHealthy()
for (let attempt = 0; attempt < 40 && !healthy; attempt++) {
  await sleep(500)
  healthy = isHealthy()
}
const page = await fetch('http://127.0.0.1:4545/').then(
  (answer) => answer.status,
  () => 0,
)
server.kill('SIGTERM')
const code = await new Promise((resolve) => server.once('exit', resolve))
const { stdout: size } = spawnSync('du', ['-sh', join(stage, 'app')], { encoding: 'utf8' })
rmSync(image, { recursive: true })
console.log(
  `healthy: ${healthy}, page: ${page}, ended with ${code}, ${size.split('\t')[0]} in /app`,
)
process.exit(healthy && page === 200 && code === 0 ? 0 : 1)
