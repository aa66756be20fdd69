import type { IncomingMessage } from 'node:http'
import { heard } from '../../base/heard.ts'
import { explainFault } from './explain-fault.ts'

/** Not imported, for the reason that `node-http.ts` gives. */
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

/** The request got no usable answer. The message is the reason, and holds no part of the URL, which may contain a key. */
export class PostFailed extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause })
    this.name = 'PostFailed'
  }
}

interface PostOptions {
  /** Bytes of the largest answer that is read. */
  maxBytes: number
  /** For the whole exchange. */
  seconds: number
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal
}

/**
 * Sends JSON to a URL that the operator has set, which may be of a private host, and reads JSON. No redirect is followed:
 * what is sent goes nowhere else.
 *
 * @throws PostFailed; the reason of `signal` if that is aborted
 */
export async function postJson(
  url: URL,
  body: unknown,
  { maxBytes, seconds, signal }: PostOptions,
): Promise<unknown> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)])
  try {
    const response = await send(url, JSON.stringify(body), ending)
    try {
      requireJson(response)
      return parse(await readAll(response, maxBytes))
    } finally {
      response.destroy()
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PostFailed) throw error
    throw new PostFailed(
      ending.aborted ? `no answer within ${seconds} seconds` : explainFault(error),
      error,
    )
  }
}

function send(url: URL, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { request, Agent } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const sent = heard(
      request(url, {
        method: 'POST',
        // An agent of its own, so that no proxy of the environment is used.
        agent: new Agent({ keepAlive: false }),
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'Vitrine',
        },
        signal,
      }),
    )
    sent.once('response', (response) => resolve(heard(response)))
    sent.once('error', reject)
    // Without an answer and without an error, such as after a change of the protocol.
    sent.once('close', () => reject(new PostFailed('it does not answer in HTTP')))
    sent.end(body)
  })
}

function requireJson({ statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode >= 300 && statusCode < 400) {
    throw new PostFailed(`it redirects (status ${statusCode}), which is not followed`)
  }
  if (statusCode !== 200) throw new PostFailed(`it answered with the status ${statusCode}`)
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new PostFailed(
      `it answered with ${type?.slice(0, 60) || 'no content type'} and not with application/json`,
    )
  }
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new PostFailed(`its answer is over ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new PostFailed('its answer is not JSON', error)
  }
}
