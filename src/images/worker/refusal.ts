/**
 * The file, and nobody else, is to blame. Whatever else goes wrong with an image is a plain Error,
 * and a fault of ours.
 */
export class Refusal extends Error {
  /** One human sentence for the client: no path, nothing of a library's own wording. */
  readonly detail: string
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, detail: string, cause?: unknown) {
    super(detail, { cause })
    this.name = 'Refusal'
    this.reason = reason
    this.detail = detail
  }
}

/**
 * `content`: what the bytes are; `limit`: more pixels or frames than accepted; `time`, `memory`:
 * processing took more than it may; `crash`: it brought the decoder down.
 */
export type RefusalReason = 'content' | 'limit' | 'time' | 'memory' | 'crash'
