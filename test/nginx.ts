import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, type Server } from './harness.ts'
import { findNginx } from './install-nginx.ts'

export interface Nginx {
  url: string
  stop(): Promise<void>
}

/** Named as in `deploy/nginx.conf`. */
export interface Instances {
  api: readonly Server[]
  files: readonly Server[]
  delivery: readonly Server[]
}

/**
 * Starts nginx with the delivered configuration. Only its address, its upstreams, its folders and the cache
 * duration are changed for the test. Answers tell in `X-Cache-Status` whether they come from the cache.
 *
 * @param kept how long it sends a copy without asking again. With the delivered ten seconds, a test would wait for the
 *   end of a deleted image, and one that wants copies might come too late
 */
export function startNginx(instances: Instances, port: number, kept = '1s'): Promise<Nginx> {
  let text = readFileSync(join(ROOT, 'deploy/nginx.conf'), 'utf8')
  for (const [name, servers] of Object.entries<readonly Server[]>({ ...instances })) {
    const lines = servers.map(({ url }) => `server ${new URL(url).host} max_fails=0;`).join(' ')
    text = text.replaceAll(
      new RegExp(`(?:\\s*server ${name}-\\d+:4545 max_fails=0;)+`, 'g'),
      `\n    ${lines}`,
    )
  }
  text = text
    .replaceAll(/server files-(\d+):4545;/g, (_, number) => {
      const server = instances.files[Number(number) - 1] ?? instances.files[0]
      return `server ${new URL(server?.url ?? '').host};`
    })
    .replace('proxy_cache_valid 200 10s;', `proxy_cache_valid 200 ${kept};`)
    .replace(
      /add_header X-Request-Id.*/,
      '$& add_header X-Cache-Status $$upstream_cache_status always;',
    )
  return runNginx(text, port)
}

/**
 * Runs nginx in a folder of its own. The configuration listens on port 80; this replaces it with `port`.
 */
export async function runNginx(configuration: string, port: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-nginx-'))
  const text = configuration
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replace('/var/cache/nginx/vitrine', join(folder, 'cache'))
    .replace('/dev/stdout', join(folder, 'access.log'))
    .replace(
      'http {',
      ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].reduce(
        (http, kind) => `${http}\n  ${kind}_temp_path ${join(folder, kind)};`,
        'http {',
      ),
    )
  const file = join(folder, 'nginx.conf')
  // If root starts nginx, its workers use an account that cannot write into this folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  writeFileSync(file, `daemon off; pid ${join(folder, 'pid')}; ${user}\n${text}`)
  const log = join(folder, 'error.log')
  const child = spawn(findNginx() ?? '', ['-p', folder, '-e', log, '-c', file], {
    stdio: 'ignore',
  })
  const exited = once(child, 'exit')
  process.once('exit', () => child.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${readFileSync(log, 'utf8')}`)
    if (await fetch(url).catch(() => undefined)) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    async stop() {
      child.kill('SIGQUIT')
      await exited
      rmSync(folder, { recursive: true })
    },
  }
}
