import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { IS_FULL } from './sizes.ts'

/** Whether file caches can be emptied. That affects the whole machine, so it is done only in full runs. */
export const canDropCaches = (): boolean => IS_FULL && process.getuid?.() === 0

/** https://docs.kernel.org/admin-guide/sysctl/vm.html#drop-caches */
export function dropCaches(): void {
  spawnSync('sync')
  writeFileSync('/proc/sys/vm/drop_caches', '3')
}
