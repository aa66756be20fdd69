import type { EventEmitter } from 'node:events'

/**
 * An emitter whose `error` is heard from the beginning. Unheard, that event ends the process, and a stream
 * may fail before anybody has begun to read it. Nothing is lost by it: who reads, pipes or awaits a stream
 * learns from the stream itself that it has failed.
 *
 * `heard.test.ts` finds what is made without it.
 */
export function heard<E extends Pick<EventEmitter, 'on'>>(emitter: E): E {
  emitter.on('error', ignore)
  return emitter
}

function ignore() {}
