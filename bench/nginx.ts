import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '../test/free-port.ts'
import { findNginx, installNginx } from '../test/install-nginx.ts'

/** Starts nginx on one core, otherwise as Debian configures it, with an access log like the server's. */
export async function startNginx(root: string): Promise<{ url: string; stop(): Promise<void> }> {
  installNginx()
  const nginx = findNginx()
  if (!nginx) throw new Error('This benchmark needs nginx.')
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-nginx-'))
  const port = await findFreePort()
  // If root starts nginx, its workers use an account that cannot read these files.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join(' ')
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; pid ${join(folder, 'pid')}; ${user} worker_processes 1;
     events { worker_connections 768; }
     http {
       ${temporary}
       sendfile on; tcp_nopush on; types { image/webp webp; }
       keepalive_requests 1000000000;
       access_log ${join(folder, 'access.log')};
       server { listen 127.0.0.1:${port}; root ${root}; }
     }`,
  )
  const log = join(folder, 'error.log')
  const child = spawn(nginx, ['-p', folder, '-e', log, '-c', file], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${readFileSync(log, 'utf8')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    url,
    async stop() {
      child.kill('SIGQUIT')
      await exited
      process.off('exit', kill)
      rmSync(folder, { recursive: true })
    },
  }
}
