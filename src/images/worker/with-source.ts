import { withGifTransparency } from './gif-transparency.ts'
import { withJpegEnd } from './jpeg-end.ts'
import type { Header } from './tasks.ts'

/**
 * Works on the file of an image, or on a copy in its folder that the decoder understands as browsers
 * understand the original.
 */
export function withSource<T>(
  task: { path: string; folder: string; header: Header },
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (task.header.format === 'jpeg') return withJpegEnd(task, work)
  if (task.header.format === 'gif') return withGifTransparency(task, work)
  return work(task.path)
}
