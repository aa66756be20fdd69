import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makeDataFolder } from './harness.ts'

/** Whether tests can mount file systems: as root only, and not in every container. */
export const canMount: boolean = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = makeDataFolder()
  if (spawnSync('mount', ['-t', 'tmpfs', 'none', folder]).status !== 0) return false
  return spawnSync('umount', [folder]).status === 0
})()

/** @throws Error with the output of the command if it failed */
export function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? stderr}`)
  return stdout
}

const mounted = new Set<string>()
// Runs before the folders are removed. Processes that still use a mount end with this process.
process.prependOnceListener('exit', () => {
  for (const folder of mounted) spawnSync('umount', ['--lazy', folder])
})

/** A data folder on a file system of its own, of this many mebibytes. */
export function mountSmallDisk(mebibytes: number) {
  const data = makeDataFolder()
  run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'none', data)
  mounted.add(data)
  const filler = join(data, 'filler')
  return {
    data,
    /** Fills all free space. */
    fill() {
      const file = openSync(filler, 'a')
      try {
        for (;;) writeSync(file, Buffer.alloc(64 * 1024))
      } catch {
        // The disk is full: a write takes as much as fits, so smaller pieces would not fit either.
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler, { force: true }),
    remount: (mode: 'ro' | 'rw') => run('mount', '-o', `remount,${mode}`, data),
    unmount() {
      run('umount', data)
      mounted.delete(data)
    },
  }
}

/** `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`, which Node cannot call. */
const CUT = `open(my $root, "<", $ARGV[0]) or die $!;
my $flags = pack("L", 2);
ioctl($root, 0x8004587d, $flags) or die $!;`

/** A data folder on ext4 on a loop device whose power can be cut. */
export function makeDisk(mebibytes: number) {
  const image = join(makeDataFolder(), 'image')
  const data = makeDataFolder()
  run('truncate', '-s', `${mebibytes}M`, image)
  run('mkfs.ext4', '-q', '-F', image)
  const disk = {
    data,
    mount() {
      run('mount', '-o', 'loop', image, data)
      mounted.add(data)
    },
    unmount() {
      run('umount', data)
      mounted.delete(data)
    },
    /** Shuts the file system down: nothing more is written, and data that was not flushed is lost. */
    cutPower: () => run('perl', '-e', CUT, data),
    remove() {
      if (mounted.has(data)) disk.unmount()
      rmSync(image)
    },
  }
  disk.mount()
  return disk
}
