import type { EventEmitter } from 'node:events'

/**
 * Adds an `error` listener to an emitter from the beginning. Without a listener, that event ends the process,
 * and a stream may fail before any code has begun to read it. No error is lost: code that reads, pipes or
 * awaits a failed stream still gets the error from the stream.
 *
 * `heard.test.ts` finds emitters that are made without this function.
 */
export function heard<E extends Pick<EventEmitter, 'on'>>(emitter: E): E {
  emitter.on('error', ignore)
  return emitter
}

function ignore() {}
