import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findCommand, install } from './install.ts'

/** Where Debian's package puts it. */
const PROGRAM = '/usr/share/wordpress'
/** As a fresh installation of Debian's package lets root of this machine in. */
const DATABASE = { host: '127.0.0.1', user: 'root', password: '' }

export const installWordPress = () =>
  install(
    'WordPress for the tests of moving in',
    ['wordpress', 'php-cli', 'php-mysql', 'php-gd'],
    () => findCommand('php') !== undefined && existsSync(PROGRAM),
  )

/** Whether WordPress is installed here, and a MariaDB server in which it can make its tables. */
export const hasWordPress = (): boolean =>
  existsSync(PROGRAM) && runSql("SELECT 'it lets us in'").status === 0

const findPhp = () => findCommand('php') ?? 'php'

function runSql(statement: string) {
  const { host, user, password } = DATABASE
  const code = `exit(@mysqli_connect('${host}', '${user}', '${password}')?->query($argv[1]) ? 0 : 1);`
  return spawnSync(findPhp(), ['-r', `mysqli_report(MYSQLI_REPORT_OFF); ${code}`, '--', statement])
}

export interface WordPress {
  /** Without `/` at its end. */
  url: string
  /** The folder of the uploaded files. */
  uploads: string
  /** `user:application-password` of an administrator. */
  token: string
  /** Runs code inside of WordPress, and resolves with what it prints. */
  run(code: string): Promise<string>
  stop(): Promise<void>
}

/**
 * Starts a real WordPress with tables, files and settings of its own.
 * @param folder an empty one
 */
export async function startWordPress(folder: string, port: number): Promise<WordPress> {
  const name = `vitrine_test_${randomBytes(6).toString('hex')}`
  const url = `http://127.0.0.1:${port}`
  runSql(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  const remove = () => {
    runSql(`DROP DATABASE ${name}`)
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', remove)
  for (const part of ['wp-includes', 'wp-admin', 'wp-settings.php']) {
    symlinkSync(join(PROGRAM, part), join(folder, part))
  }
  mkdirSync(join(folder, 'wp-content/themes'), { recursive: true })
  mkdirSync(join(folder, 'wp-content/mu-plugins'))
  const { host, user, password } = DATABASE
  writeFileSync(
    join(folder, 'wp-config.php'),
    `<?php
define('DB_NAME', '${name}');
define('DB_USER', '${user}');
define('DB_PASSWORD', '${password}');
define('DB_HOST', '${host}');
define('DB_CHARSET', 'utf8mb4');
define('WP_CONTENT_DIR', '${folder}/wp-content');
define('WP_CONTENT_URL', '${url}/wp-content');
define('WP_HOME', '${url}');
define('WP_SITEURL', '${url}');
// Application passwords work without HTTPS.
define('WP_ENVIRONMENT_TYPE', 'local');
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
`,
  )
  // Tags of attachments, as plugins for media libraries register them.
  writeFileSync(
    join(folder, 'wp-content/mu-plugins/taxonomies.php'),
    `<?php
add_action('init', function () {
  register_taxonomy('media_tag', 'attachment', ['show_in_rest' => true, 'rest_base' => 'media_tags', 'label' => 'Tags']);
  register_taxonomy('media_folder', 'attachment', ['show_in_rest' => true, 'hierarchical' => true, 'label' => 'Folders']);
});
`,
  )
  writeFileSync(
    join(folder, 'router.php'),
    `<?php
define('ABSPATH', __DIR__ . '/');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (str_starts_with($path, '/wp-content/')) return false;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
require '${PROGRAM}/index.php';
`,
  )
  const php = findPhp()
  const run = async (code: string, before = ''): Promise<string> => {
    const start = `${before} define('ABSPATH', '${folder}/'); $_SERVER['HTTP_HOST'] = '127.0.0.1:${port}'; require '${PROGRAM}/wp-load.php';`
    const { status, stdout, stderr } = spawnSync(
      php,
      ['-d', 'display_errors=stderr', '-r', `${start} ${code}`],
      {
        encoding: 'utf8',
      },
    )
    if (status !== 0) throw new Error(`PHP ended with ${status}: ${stdout} ${stderr}`)
    return stdout
  }
  await run(
    `require ABSPATH . 'wp-admin/includes/upgrade.php';
    wp_install('Test', 'anna', 'anna@example.com', true, '', 'a password for tests');`,
    "define('WP_INSTALLING', true);",
  )
  const applicationPassword = await run(`
    update_option('permalink_structure', '/%postname%/');
    flush_rewrite_rules();
    echo WP_Application_Passwords::create_new_application_password(1, ['name' => 'Vitrine'])[0];
  `)
  const server: ChildProcess = spawn(
    php,
    [
      '-d',
      'upload_max_filesize=64M',
      '-d',
      'post_max_size=64M',
      '-d',
      'memory_limit=1G',
      '-S',
      `127.0.0.1:${port}`,
      '-t',
      folder,
      join(folder, 'router.php'),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PHP_CLI_SERVER_WORKERS: '4' },
      detached: true,
    },
  )
  // The whole group: its workers would outlive it.
  const kill = () => process.kill(-Number(server.pid), 'SIGKILL')
  process.once('exit', kill)
  const exited = once(server, 'exit')
  let log = ''
  await new Promise<void>((started, failed) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text
      if (log.includes('started')) started()
    })
    server.once('exit', () => failed(new Error(`PHP did not start: ${log}`)))
  })
  return {
    url,
    uploads: join(folder, 'wp-content/uploads'),
    token: `anna:${applicationPassword}`,
    run,
    async stop() {
      kill()
      await exited
      remove()
      process.off('exit', kill).off('exit', remove)
    },
  }
}
