/**
 * Runs OpenStack Swift with its S3 interface on the loopback interface, in a temporary folder: one replica
 * of everything, one account. Its argument is the number of keys in one page of a listing. Prints its URL
 * once it is ready, and ends when its standard input ends. The line `stop` on standard input kills all of
 * its processes and prints `stopped`. The line `start` starts them again with the stored objects, and
 * prints the URL again.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { findFreePorts } from './free-port.ts'

const START_MS = 120_000
const [, , keysOfPage] = process.argv
const folder = mkdtempSync(join(tmpdir(), 'vitrine-swift-'))
const etc = join(folder, 'etc')
let children: ChildProcess[] = []

/** Kill the servers in any case, and remove their files. */
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(0))
}
const orders = createInterface({ input: process.stdin }).once('close', () => process.exit(0))

const [proxyPort, accountPort, containerPort, objectPort, cachePort] = await findFreePorts(5)
const STORES = { account: accountPort, container: containerPort, object: objectPort }

const endpoint = `http://127.0.0.1:${proxyPort}`
writeConfiguration()
await startAll()
orders.on('line', async (order) => {
  if (order === 'stop') await stopAll()
  else await startAll()
})

async function startAll() {
  start('memcached', '-u', 'nobody', '-l', '127.0.0.1', '-p', String(cachePort), '-m', '16')
  for (const server of ['account', 'container', 'object', 'proxy']) {
    start(`swift-${server}-server`, join(etc, `${server}-server.conf`))
  }
  await waitUntilHealthy()
  console.log(endpoint)
}

async function stopAll() {
  const ended = children.map((child) => once(child, 'exit'))
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(ended)
  children = []
  console.log('stopped')
}

function start(command: string, ...args: string[]) {
  const log = openSync(logOf(command), 'w')
  children.push(spawn(command, args, { stdio: ['ignore', log, log] }))
  closeSync(log)
}

function logOf(command: string): string {
  return join(folder, `${command}.log`)
}

async function waitUntilHealthy() {
  const end = Date.now() + START_MS
  // The proxy responds before the servers behind it do. Those refuse this request, but they respond.
  const ports = [proxyPort, ...Object.values(STORES)]
  while (Date.now() < end) {
    const answers = await Promise.allSettled(
      ports.map((port) => fetch(`http://127.0.0.1:${port}/healthcheck`)),
    )
    if (answers.every(({ status }) => status === 'fulfilled')) return
    await setTimeout(100)
  }
  const logs = children.map(({ spawnfile }) => readFileSync(logOf(spawnfile), 'utf8'))
  console.error(`Swift did not start: ${logs.join('\n')}`)
  process.exit(1)
}

function writeConfiguration() {
  mkdirSync(etc)
  mkdirSync(join(folder, 'devices/d1'), { recursive: true })
  const common = [
    `user = ${userInfo().username}`,
    `swift_dir = ${etc}`,
    'workers = 0',
    'bind_ip = 127.0.0.1',
    'log_level = ERROR',
    'log_address = /dev/null',
    // Swift's repair daemons do not run here. So a server must not give up on a request while the machine is busy.
    'node_timeout = 60',
    'conn_timeout = 60',
    'container_update_timeout = 60',
  ]
  write('swift.conf', {
    'swift-hash': ['swift_hash_path_prefix = tests', 'swift_hash_path_suffix = tests'],
    'storage-policy:0': ['name = one', 'default = yes'],
  })
  for (const [store, port] of Object.entries(STORES)) {
    write(`${store}-server.conf`, {
      DEFAULT: [
        ...common,
        `bind_port = ${port}`,
        `devices = ${join(folder, 'devices')}`,
        'mount_check = false',
      ],
      'pipeline:main': [`pipeline = ${store}-server`],
      [`app:${store}-server`]: [`use = egg:swift#${store}`],
    })
  }
  writeRings()
  const filters = {
    catch_errors: [],
    gatekeeper: [],
    healthcheck: [],
    cache: ['use = egg:swift#memcache', `memcache_servers = 127.0.0.1:${cachePort}`],
    listing_formats: [],
    bulk: [],
    s3api: [
      'location = us-east-1',
      'storage_domain = s3.test',
      `max_bucket_listing = ${keysOfPage}`,
    ],
    tempauth: ['user_test_tester = testing .admin'],
    copy: [],
    slo: ['allow_async_delete = true', 'rate_limit_after_segment = 1000000'],
    dlo: [],
    versioned_writes: ['allow_object_versioning = true'],
    symlink: [],
  }
  write('proxy-server.conf', {
    DEFAULT: [...common, `bind_port = ${proxyPort}`],
    'pipeline:main': [`pipeline = ${Object.keys(filters).join(' ')} proxy-server`],
    'app:proxy-server': [
      'use = egg:swift#proxy',
      'account_autocreate = true',
      'node_timeout = 60',
      'recoverable_node_timeout = 60',
      'conn_timeout = 60',
      // Otherwise the proxy would not ask a server for a minute that refused a few connections at its
      // start.
      'error_suppression_interval = 0',
    ],
    ...Object.fromEntries(
      Object.entries(filters).map(([name, lines]) => [
        `filter:${name}`,
        lines.some((line) => line.startsWith('use ='))
          ? lines
          : [`use = egg:swift#${name}`, ...lines],
      ]),
    ),
  })
}

function write(file: string, sections: Record<string, readonly string[]>) {
  const text = Object.entries(sections).map(([name, lines]) =>
    [`[${name}]`, ...lines, ''].join('\n'),
  )
  writeFileSync(join(etc, file), text.join('\n'))
}

/** Replaces nine calls of `swift-ring-builder`, each of which is slow to start, by one process. */
function writeRings() {
  const program = `
import json, sys
from swift.common.ring import RingBuilder
folder, stores = sys.argv[1], json.loads(sys.argv[2])
for store, port in stores.items():
    ring = RingBuilder(4, 1, 1)
    ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d1", "weight": 1})
    ring.rebalance()
    ring.get_ring().save(f"{folder}/{store}.ring.gz")
`
  const args = ['-c', program, etc, JSON.stringify(STORES)]
  const { status, stderr } = spawnSync('/usr/bin/python3', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The rings could not be made: ${stderr}`)
}
