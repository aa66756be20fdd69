import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyInstance } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { Pipelining } from './pipelining.ts'
import { bodyOf, phraseOf } from './render-errors.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** How long a client may take to close the connection after an answer that it sent invalid HTTP. */
const CLOSING_MS = 2000

/**
 * Answers input that cannot be parsed as HTTP, and so never becomes a request. Takes the place of Fastify's
 * `clientErrorHandler`.
 *
 * @param headers of every answer
 * @param pipelining that orders the requests of a connection
 */
export function answerClientErrors(
  app: FastifyInstance,
  headers: Readonly<Record<string, string>>,
  pipelining: Pipelining,
): void {
  const refuseExpectation = (_request: IncomingMessage, response: ServerResponse) => {
    const error = new AppError('bad-http', 417, phraseOf(417), {
      detail: 'The only supported expectation is 100-continue.',
    })
    response
      .writeHead(417, { ...headers, 'content-type': JSON_TYPE, connection: 'close' })
      .end(JSON.stringify(bodyOf(error)))
  }
  app.server.on('checkExpectation', pipelining.oneAtATime(refuseExpectation))
  app.server.on('clientError', (error: ConnectionError, socket: Socket) => {
    // Answered already; the rest of the input is not HTTP either.
    if (socket.writableEnded) return
    app.log.debug({ err: error }, 'a client sent invalid HTTP')
    const last = pipelining.lastOf(socket)
    // Earlier requests are answered first. Otherwise this answer would be taken for one of theirs.
    if (last?.req.complete && !last.writableFinished)
      last.once('close', () => refuse(error, socket))
    // A second answer would be taken for a part of the one that has begun.
    else if (last?.headersSent && !last.writableFinished) socket.destroy()
    else refuse(error, socket)
  })

  function refuse(error: ConnectionError, socket: Socket) {
    if (socket.writableEnded) return
    if (!socket.writable) {
      socket.destroy()
      return
    }
    socket.end(renderAnswer(toAppError(error), headers))
    // Closing at once, with unread input, resets the connection. The client could then lose the answer.
    setTimeout(() => socket.destroy(), CLOSING_MS).unref()
  }
}

function toAppError({ code }: ConnectionError): AppError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('bad-http', 431, phraseOf(431), {
        detail: 'The headers of the request are over 16 KiB in total.',
      })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('bad-http', 408, phraseOf(408), {
        detail: 'The headers of the request did not arrive in time.',
      })
    default:
      return new AppError('bad-http', 400, phraseOf(400), {
        detail: `The request is not valid HTTP/1.1 (${code}).`,
      })
  }
}

/** A whole answer, for a connection on which no other answer has begun. */
export function renderAnswer(error: AppError, headers: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(bodyOf(error))
  const lines = Object.entries({
    ...headers,
    'content-type': JSON_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${error.status} ${phraseOf(error.status)}\r\n${lines.join('')}\r\n${body}`
}
