import { inspect } from 'node:util'
import { Command, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { AppError } from './base/errors.ts'
import { hidePasswords } from './base/hide-passwords.ts'
import { fileFlagOf } from './base/setting-source.ts'
import { flagOf, type Setting } from './base/settings.ts'
import { UsageError } from './base/usage-error.ts'
import { type Config, ConfigError, readConfig, settings } from './config.ts'
import { S3Fault } from './storage/s3/s3-fault.ts'

const IMPORT_HELP = `
An image is named like its file and tagged with the names of the folders between <folder> and it.
Hidden files and links to folders are left out. Stopped or run again, it goes on where it was:
images that the library has already are not added again.

Exit code: 0 if every file was added or already there, 1 if any was refused or failed,
130 or 143 if it was stopped by SIGINT or SIGTERM.`

const DOCTOR_HELP = `
Exit code: 0 if nothing was found or everything was repaired, 1 otherwise.`

const COPY_HELP = `
The target is named as for a server: --to-database for --database-url, --to-storage for
--storage-url, --to-data for --data. The files stay where they are if neither --to-storage nor
--to-data is given. The library that is copied is the one that the settings name; it is not changed.
Stopped, killed or failed, the same command goes on where it was. Until it has come to its end,
the target cannot be used.

Exit code: 0 if everything is at the target, each object read back and compared, 1 if not,
130 or 143 if it was stopped by SIGINT or SIGTERM.`

const BACKUP_HELP = `
The archive is a tar file of all rows and originals and their small images, with the SHA-256 of
each. Sessions are not in it. It has the hashes of all passwords and the keys that sign tokens: keep
it as closed as the server. <file> must not exist; - is standard output.

Exit code: 0 if everything is in it, 1 if something was damaged or failed,
130 or 143 if it was stopped by SIGINT or SIGTERM.`

const RESTORE_HELP = `
The database and the storage that the settings name must have no library yet; they may be of another
kind than those of the backup. <file> may be -, for standard input. Stopped or failed, the same
command begins anew.

Exit code: 0 if everything was restored and is as it was written, 1 if not,
130 or 143 if it was stopped by SIGINT or SIGTERM.`

/** The command line: `vitrine serve` and the commands that work beside it. */
export async function main(argv: readonly string[]): Promise<void> {
  // What this process makes, the database with its secrets above all, is for its own account alone.
  process.umask(0o077)
  const program = new Command('vitrine')
  program
    .configureOutput({ outputError: (text, write) => write(hidePasswords(text)) })
    .description('A self-hosted media library.')
    .version(packageJson.version)

  command(program, 'serve', 'Run the server.').action(async (options) => {
    const { serve } = await import('./cli/serve.ts')
    await serve(configOf(options))
  })

  const user = program.command('user').description('Look after the accounts.')
  const users = () => import('./cli/user.ts')
  command(user, 'add <name>', 'Make an account.')
    .requiredOption('--role <role>', 'what it may do: viewer, editor or admin')
    .addOption(passwordStdin())
    .action(async (name, options) => (await users()).userAdd(configOf(options), name, options))
  command(user, 'list', 'Show all accounts.').action(async (options) =>
    (await users()).userList(configOf(options)),
  )
  command(user, 'password <name>', 'Change a password; all sessions and tokens of the account end.')
    .addOption(passwordStdin())
    .action(async (name, options) => (await users()).userPassword(configOf(options), name, options))
  command(user, 'role <name> <role>', 'Give an account another role.').action(
    async (name, role, options) => (await users()).userRole(configOf(options), name, role),
  )
  command(user, 'remove <name>', 'Remove an account; all its sessions and tokens end.').action(
    async (name, options) => (await users()).userRemove(configOf(options), name),
  )
  command(
    user,
    'disable <name>',
    'Keep an account from signing in; all its sessions and tokens end.',
  ).action(async (name, options) => (await users()).userDisable(configOf(options), name))
  command(user, 'enable <name>', 'Let a disabled account sign in again.').action(
    async (name, options) => (await users()).userEnable(configOf(options), name),
  )

  command(user, 'sessions <name>', 'Show the sessions of an account.').action(
    async (name, options) => (await users()).userSessions(configOf(options), name),
  )
  command(user, 'sign-out <name>', 'End all sessions of an account, or one.')
    .option('--session <id>', 'only this one')
    .action(async (name, options) => (await users()).userSignOut(configOf(options), name, options))

  const token = program.command('token').description('Look after personal tokens, for scripts.')
  const tokens = () => import('./cli/token.ts')
  command(token, 'add <name>', 'Make a token and print it, once.')
    .requiredOption('--user <name>', 'the account that it stands for')
    .requiredOption('--permissions <list>', 'what it may do: view-media,add-media,…')
    .option('--days <number>', 'how long it is good, 1 to 365', '90')
    .action(async (name, options) => (await tokens()).tokenAdd(configOf(options), name, options))
  command(token, 'list', 'Show all tokens, but not what they are.')
    .option('--user <name>', 'only those of this account')
    .action(async (options) => (await tokens()).tokenList(configOf(options), options))
  command(token, 'revoke <id>', 'End a token.').action(async (id, options) =>
    (await tokens()).tokenRevoke(configOf(options), id),
  )

  command(program, 'audit', 'Show who did what, when and from where; the newest first.')
    .option('--since <time>', 'only what is newer: 2026-01-20, 2026-01-20T18:22Z, 7d, 12h, 30m')
    .option('--user <name>', 'only what this account did, or what was done to it')
    .option('--action <action>', 'only this, like media-deleted')
    .option('--before <id>', 'only what has a smaller id, to go on')
    .option('--limit <number>', 'at most so many', '100')
    .option('--json', 'an object a line, for programs')
    .action(async (options) => {
      const { audit } = await import('./cli/audit.ts')
      await audit(configOf(options), options)
    })

  command(program, 'import <folder>', 'Add every image below a folder.')
    .addHelpText('after', IMPORT_HELP)
    .action(async (folder, options) => {
      const { importFolder } = await import('./cli/import.ts')
      await importFolder(configOf(options), folder)
    })

  command(program, 'doctor', 'Check the whole library, beside a running server or without one.')
    .option('--repair', 'mend what can be mended; no original is ever deleted')
    .option('--quick', 'do not read the files in storage, only check that they are there')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (options) => {
      const { doctor } = await import('./cli/doctor.ts')
      await doctor(configOf(options), options)
    })

  command(program, 'copy', 'Copy the whole library to another database and storage.')
    .option('--to-data <folder>', 'data folder, for the database and the files not named otherwise')
    .option('--to-database <url>', 'PostgreSQL database: postgres://user@host:port/database')
    .option('--to-storage <url>', 'bucket: s3://bucket/prefix?endpoint=…&region=…')
    .option('--follow', 'copy a library that is in use, until nobody uses it any more')
    .addHelpText('after', COPY_HELP)
    .action(async (options) => {
      const { copy } = await import('./cli/copy.ts')
      await copy(configOf(options), options)
    })

  command(
    program,
    'backup <file>',
    'Write the whole library into one file, beside a running server.',
  )
    .addHelpText('after', BACKUP_HELP)
    .action(async (file, options) => {
      const { backup } = await import('./cli/backup.ts')
      await backup(configOf(options), file)
    })

  command(program, 'restore <file>', 'Make the library that a backup holds, where there is none.')
    .addHelpText('after', RESTORE_HELP)
    .action(async (file, options) => {
      const { restore } = await import('./cli/restore.ts')
      await restore(configOf(options), file)
    })

  await program.parseAsync(argv).catch(explain)
}

/** A command that takes every setting as a flag. */
function command(parent: Command, usage: string, description: string): Command {
  const made = parent.command(usage).description(description)
  const add = (flags: string, help: string) =>
    made.addOption(new Option(flags, help).helpGroup('Settings:'))
  for (const setting of Object.values<Setting<unknown>>(settings)) {
    add(`${flagOf(setting)} <value>`, setting.help)
    if (setting.secret) add(`${fileFlagOf(setting)} <path>`, 'The same, in a file.')
  }
  return made
}

const passwordStdin = () => new Option('--password-stdin', 'read the password from standard input')

function configOf(options: Record<string, string>): Config {
  const flags = Object.values(settings).flatMap((setting) => [flagOf(setting), fileFlagOf(setting)])
  const values = flags.map((flag) => [flag, options[new Option(flag).attributeName()]] as const)
  return readConfig(process.env, Object.fromEntries(values))
}

/** Says what went wrong: what the user can mend in a line, what nobody expected with its cause. */
function explain(error: unknown): void {
  console.error(hidePasswords(describe(error)))
  process.exitCode = 1
}

function describe(error: unknown): string {
  if (error instanceof ConfigError) {
    return `Vitrine cannot start with this configuration:\n  ${error.faults.join('\n  ')}`
  }
  if (error instanceof AppError) return error.detail ?? error.message
  if (error instanceof UsageError || error instanceof S3Fault) return error.message
  if (error instanceof Error && 'errcode' in error) {
    return `The database cannot be used: ${error.message}. Look at the disk and its rights.`
  }
  // The machine refuses something; its message names the port or the file.
  if (error instanceof Error && 'syscall' in error) return error.message
  return inspect(error)
}
