import { inspect } from 'node:util'
import { Command, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { AppError, hidePasswords, UsageError } from './base/errors.ts'
import { fileFlagOf } from './base/setting-source.ts'
import { flagOf, type Setting } from './base/settings.ts'
import { type Config, ConfigError, readConfig, settings } from './config.ts'
import { S3Fault } from './storage/s3/s3-fault.ts'

const IMPORT_HELP = `
Each image gets the name of its file, and as tags the names of the folders between <folder> and the
file. Links to folders, hidden files and what systems and photo software make for themselves, such as
@eaDir and Thumbs.db, are skipped. XMP sidecars (IMG_1.xmp or IMG_1.jpg.xmp beside IMG_1.jpg) are read
with their images. To continue a stopped import, run the same command again: images that are already in
the library are not added again.

With --watch it goes on until SIGINT or SIGTERM. A file is added once it and its sidecar have not
changed for two seconds. With --move, files are then moved to the folder imported/ or refused/ in
<folder>; beside a refused file is a text with the reason.

With --from, <folder> is the URL of another program, and the images come from there with their names,
texts, tags, dates and collections:

  vitrine import --from wordpress https://blog.example.com --token 'anna:abcd efgh ijkl mnop'
  vitrine import --from directus https://cms.example.com --import-token-file directus-token
  vitrine import --from immich https://photos.example.com --import-token-file immich-key

--token is for wordpress a user and an application password, for directus the token of a user, for
strapi an admin token, for immich an API key. Other users of this machine can see a command line;
VITRINE_IMPORT_TOKEN or a file hides it. The file of --map says what became of each item and address,
one JSON object a line. Run the same command again to go on.

Exit code: 0 if every file was added or already there, 1 if any was refused or failed or a sidecar
could not be read, 130 or 143 if it was stopped by SIGINT or SIGTERM. With --watch, 0 after such a stop.`

const TRASH_HELP = `
Exit code: 0 if all of them were deleted, 130 or 143 if it was stopped by SIGINT or SIGTERM.`
const TAG_HELP = `
A server may run at the same time. Where an item has both tags, it keeps one. To finish a stopped
change, run the same command again.

Exit code: 0 if every item was changed, 1 if not, 130 or 143 if it was stopped by SIGINT or SIGTERM.`

const DOCTOR_HELP = `
Exit code: 0 if no problem was found or all were repaired, 1 otherwise.`

const METADATA_HELP = `
Texts, credits, dates, places and cameras in EXIF, IPTC and XMP fill what is empty in the items. What
people wrote stays. To finish a stopped run, start the same command again.

Exit code: 0, or 130 or 143 if it was stopped by SIGINT or SIGTERM.`

const COPY_HELP = `
The settings name the library to copy, which is not changed. The flags for the target correspond to
those of a server: --to-database to --database-url, --to-storage to --storage-url, --to-data to
--data. Without --to-storage and --to-data the files stay where they are. To continue a copy that
was stopped, was killed or failed, run the same command again. The target cannot be used until the
copy is complete.

Exit code: 0 if everything is at the target and each object was read back and compared, 1 if not,
130 or 143 if it was stopped by SIGINT or SIGTERM.`

const BACKUP_HELP = `
The archive is a tar file of all rows, all originals and their small images, with the SHA-256 of
each. It does not contain sessions. It contains the hashes of all passwords and the keys that sign
tokens: protect it as well as the server. <file> must not exist; - is standard output.

Exit code: 0 if the backup is complete, 1 if something was damaged or failed,
130 or 143 if it was stopped by SIGINT or SIGTERM.`

const RESTORE_HELP = `
The database and the storage that the settings name must not hold a library yet. They may be of
another kind than those of the backup. <file> may be -, for standard input. If a restore was stopped
or failed, the same command starts it from the beginning.

Exit code: 0 if everything was restored and verified, 1 if not,
130 or 143 if it was stopped by SIGINT or SIGTERM.`

/** The command line: `vitrine serve` and the commands that work beside it. */
export async function main(argv: readonly string[]): Promise<void> {
  // Only the account of this process may read its files, above all the database with its secrets.
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

  const user = program.command('user').description('Manage accounts.')
  const users = () => import('./cli/user.ts')
  command(user, 'add <name>', 'Make an account.')
    .requiredOption('--role <role>', 'role of the account: viewer, editor or admin')
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

  const token = program.command('token').description('Manage personal tokens, for scripts.')
  const tokens = () => import('./cli/token.ts')
  command(token, 'add <name>', 'Make a token and print it. It is not shown again.')
    .requiredOption('--user <name>', 'the account that the token acts for')
    .requiredOption('--permissions <list>', 'what the token may do: view-media,add-media,…')
    .option('--days <number>', 'days that the token is valid, 1 to 365', '90')
    .action(async (name, options) => (await tokens()).tokenAdd(configOf(options), name, options))
  command(token, 'list', 'Show all tokens, without their secrets.')
    .option('--user <name>', 'only those of this account')
    .action(async (options) => (await tokens()).tokenList(configOf(options), options))
  command(token, 'revoke <id>', 'End a token.').action(async (id, options) =>
    (await tokens()).tokenRevoke(configOf(options), id),
  )

  const trash = program.command('trash').description('Look into the trash, and empty it.')
  const trashes = () => import('./cli/trash.ts')
  command(trash, 'list', 'Show the items in the trash, the latest first.')
    .option('--limit <number>', 'at most this many items', '100')
    .action(async (options) => (await trashes()).trashList(configOf(options), options))
  command(
    trash,
    'empty',
    'Delete the items in the trash for good. A server may run at the same time.',
  )
    .option('--older-than <days>', 'only those that have been there for this number of days')
    .addHelpText('after', TRASH_HELP)
    .action(async (options) => (await trashes()).trashEmpty(configOf(options), options))
  const collection = program.command('collection').description('Manage collections of images.')
  const collections = () => import('./cli/collection.ts')
  command(collection, 'list', 'Show all collections, each followed by those below it.').action(
    async (options) => (await collections()).collectionList(configOf(options)),
  )
  command(collection, 'add <name>', 'Make a collection, or a saved search.')
    .option('--parent <id>', 'the collection that it is to be below')
    .option('--description <text>', 'what it holds')
    .option('--query <query>', 'makes it a saved search: search=tower&minRating=3')
    .action(async (name, options) =>
      (await collections()).collectionAdd(configOf(options), name, options),
    )
  command(collection, 'rename <id> <name>', 'Give a collection another name.').action(
    async (id, name, options) =>
      (await collections()).collectionRename(configOf(options), id, name),
  )
  command(collection, 'delete <id>', 'Delete a collection. Its images stay in the library.')
    .option('--recursive', 'also delete all collections below it')
    .action(async (id, options) =>
      (await collections()).collectionDelete(configOf(options), id, options),
    )
  command(collection, 'put <id> <items...>', 'Put images into a collection, by their ids.').action(
    async (id, items, options) => (await collections()).collectionPut(configOf(options), id, items),
  )
  command(collection, 'take <id> <items...>', 'Take images out of a collection.').action(
    async (id, items, options) =>
      (await collections()).collectionTake(configOf(options), id, items),
  )
  const preset = program.command('preset').description('Manage presets, names for sizes of images.')
  const presets = () => import('./cli/preset.ts')
  command(preset, 'list', 'Show all presets.').action(async (options) =>
    (await presets()).presetList(configOf(options)),
  )
  command(
    preset,
    'set <name> <options>',
    'Make or change a preset: hero w_1600,ar_21-9,q_85.',
  ).action(async (name, options, flags) =>
    (await presets()).presetSet(configOf(flags), name, options),
  )
  command(preset, 'remove <name>', 'Remove a preset. Its addresses show nothing any more.').action(
    async (name, options) => (await presets()).presetRemove(configOf(options), name),
  )
  const tag = program.command('tag').description('Manage the tags in use.')
  const tags = () => import('./cli/tag.ts')
  command(tag, 'list', 'Show the tags in use, those that most items have first.')
    .option('--search <text>', 'only tags in which it occurs')
    .option('--limit <number>', 'at most this many tags', '1000')
    .action(async (options) => (await tags()).tagList(configOf(options), options))
  command(tag, 'rename <from> <to>', 'Rename a tag of all items, whatever its case.')
    .addHelpText('after', TAG_HELP)
    .action(async (from, to, options) => (await tags()).tagRename(configOf(options), from, to))
  command(tag, 'remove <tag>', 'Remove a tag from all items, whatever its case.')
    .addHelpText('after', TAG_HELP)
    .action(async (name, options) => (await tags()).tagRemove(configOf(options), name))

  command(program, 'audit', 'Show who did what, when and from where; the newest first.')
    .option('--since <time>', 'only newer entries: 2026-01-20, 2026-01-20T18:22Z, 7d, 12h, 30m')
    .option('--user <name>', 'only entries by this account or about it')
    .option('--action <action>', 'only entries of this action, such as media-deleted')
    .option('--before <id>', 'only entries with a smaller id, for the next page')
    .option('--limit <number>', 'at most this many entries', '100')
    .option('--json', 'one JSON object a line, for programs')
    .action(async (options) => {
      const { audit } = await import('./cli/audit.ts')
      await audit(configOf(options), options)
    })

  command(program, 'import <folder>', 'Add every image below a folder.')
    .option('--everything', 'also hidden files, and what systems and photo software make')
    .option('--watch', 'go on: add what is put into the folder later, once it is complete')
    .option('--move', 'with --watch: move files to imported/ or refused/ in the folder')
    .option('--from <program>', 'add what another program holds; <folder> is then its URL')
    .option('--token <token>', 'with --from: lets into the program')
    .option('--map <file>', 'with --from: maps old ids and addresses to the new ones')
    .addHelpText('after', IMPORT_HELP)
    .action(async (folder, options) => {
      if (options.from !== undefined) {
        if (options.watch || options.move || options.everything) {
          throw new UsageError('--watch, --move and --everything are for folders, not for --from.')
        }
        const { moveIn } = await import('./cli/move-in.ts')
        await moveIn(configOf(options), folder, options)
        return
      }
      if (options.map !== undefined || options.token !== undefined) {
        throw new UsageError('--token and --map need --from.')
      }
      if (options.watch) {
        const { watchFolder } = await import('./cli/watch.ts')
        await watchFolder(configOf(options), folder, options)
        return
      }
      if (options.move) throw new UsageError('--move needs --watch.')
      const { importFolder } = await import('./cli/import.ts')
      await importFolder(configOf(options), folder, options)
    })

  command(program, 'doctor', 'Check the whole library. A server may run at the same time.')
    .option('--repair', 'repair what can be repaired; no original is ever deleted')
    .option('--quick', 'only check that the files in storage exist, without reading them')
    .option(
      '--privacy',
      'check nothing; list the originals that carry a position, a serial number or marked faces',
    )
    .addHelpText('after', DOCTOR_HELP)
    .action(async (options) => {
      if (options.privacy) {
        const { privacy } = await import('./cli/metadata.ts')
        await privacy(configOf(options))
        return
      }
      const { doctor } = await import('./cli/doctor.ts')
      await doctor(configOf(options), options)
    })

  command(
    program,
    'read-metadata',
    'Read what originals say that an earlier version added. A server may run at the same time.',
  )
    .addHelpText('after', METADATA_HELP)
    .action(async (options) => {
      const { readMetadata } = await import('./cli/metadata.ts')
      await readMetadata(configOf(options))
    })

  command(program, 'copy', 'Copy the whole library to another database and storage.')
    .option(
      '--to-data <folder>',
      'data folder, for the database and the files if no other flag places them',
    )
    .option('--to-database <url>', 'PostgreSQL database: postgres://user@host:port/database')
    .option('--to-storage <url>', 'bucket: s3://bucket/prefix?endpoint=…&region=…')
    .option('--follow', 'copy a library that is in use, and go on until no process uses it')
    .addHelpText('after', COPY_HELP)
    .action(async (options) => {
      const { copy } = await import('./cli/copy.ts')
      await copy(configOf(options), options)
    })

  command(
    program,
    'backup <file>',
    'Write the whole library into one file. A server may run at the same time.',
  )
    .addHelpText('after', BACKUP_HELP)
    .action(async (file, options) => {
      const { backup } = await import('./cli/backup.ts')
      await backup(configOf(options), file)
    })

  command(
    program,
    'restore <file>',
    'Restore a library from a backup into an empty database and storage.',
  )
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
    if (setting.secret) add(`${fileFlagOf(setting)} <path>`, 'File that holds this value.')
  }
  return made
}

const passwordStdin = () => new Option('--password-stdin', 'read the password from standard input')

function configOf(options: Record<string, string>): Config {
  const flags = Object.values(settings).flatMap((setting) => [flagOf(setting), fileFlagOf(setting)])
  const values = flags.map((flag) => [flag, options[new Option(flag).attributeName()]] as const)
  return readConfig(process.env, Object.fromEntries(values))
}

/** Prints an error: in one line if the user can correct it, with its cause if it is unexpected. */
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
    return `The database cannot be used: ${error.message}. Check the disk and its permissions.`
  }
  // A system call failed. The message names the port or the file.
  if (error instanceof Error && 'syscall' in error) return error.message
  return inspect(error)
}
