import { addChunk, type ChunkBits, IDS_PER_CHUNK, WORDS_PER_CHUNK } from './chunk.ts'

/**
 * The offsets in a stored chunk, ascending.
 * @throws RangeError like `addChunk`
 */
export function decodeChunk(bits: ChunkBits): number[] {
  const words = new Uint32Array(WORDS_PER_CHUNK)
  addChunk(words, 0, bits)
  const isSet = (offset: number) => (((words[offset >>> 5] ?? 0) >>> (offset & 31)) & 1) === 1
  return Array.from({ length: IDS_PER_CHUNK }, (_, offset) => offset).filter(isSet)
}
