import { lookup, Resolver } from 'node:dns/promises'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { isIP } from 'node:net'
import { AppError } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import { brokenOff } from '../answer/render-errors.ts'
import { imageTooLarge } from '../body/incoming-file.ts'
import { withoutBrackets } from '../loopback.ts'
import { explainFault } from './explain-fault.ts'
import { findUrlFault } from './find-url-fault.ts'
import { isPublicAddress } from './public-address.ts'

/** Not imported, for the reason that `node-http.ts` gives. */
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

const MAX_REDIRECTS = 5
const REDIRECTS: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308])
const MAX_SECONDS = 30
/** For one question to one name server. */
const NAME_SERVER_MS = 3000

export interface FetchOptions {
  maxBytes: number
  /** Hosts that may be private, in the spelling of `URL.hostname`. */
  allowedHosts: readonly string[]
  /** The message of the errors. */
  failure: string
  /** Aborted when nobody waits for the file any more. */
  signal: AbortSignal
  seconds?: number
  /** The most seconds without a byte; by default only all of it is limited. */
  idleSeconds?: number
  /** The one origin that may be private without being in `allowedHosts`. Only requests to it carry these headers. */
  trusted?: { origin: string; headers: Readonly<Record<string, string>> }
  /** Addresses of name servers; by default those of the system. */
  nameServers?: readonly string[]
}

/**
 * Fetches a file over HTTP, in bounded memory, without cookies, credentials or a proxy.
 *
 * Only hosts of the public internet are asked, and allowed ones. That is decided for the addresses of each host, at each
 * redirect, and the connection then goes to one of these addresses: the name is not looked up a second time.
 *
 * @param write takes the next bytes of the file
 * @throws AppError 500 "fetch-failed" whose detail names the host and the reason, never an address that a name led to
 *   (see `fetchFaultOf`); 413 if the file is larger than `maxBytes`; the errors of `write`
 */
export async function fetchFile(
  start: URL,
  write: (bytes: Buffer) => Promise<void>,
  options: FetchOptions,
): Promise<void> {
  const { signal, seconds = MAX_SECONDS, idleSeconds } = options
  const idle = createIdleTimer(idleSeconds)
  const ending = AbortSignal.any([signal, idle.signal, AbortSignal.timeout(seconds * 1000)])
  let url = start
  const explain = (error: unknown): unknown => {
    idle.stop()
    if (error instanceof AppError) return error
    if (signal.aborted) return brokenOff(error)
    const reason = idle.signal.aborted
      ? `it sent nothing for ${idleSeconds} seconds`
      : ending.aborted
        ? `it took over ${seconds} seconds`
        : reasonOf(error)
    return new AppError('fetch-failed', 500, options.failure, {
      detail: `${url.hostname.slice(0, 253)} cannot be fetched: ${reason}.`,
      cause: error,
    })
  }

  for (let redirects = 0; ; redirects += 1) {
    let response: IncomingMessage | undefined
    try {
      idle.start()
      response = await ask(url, ending, options)
      const next = nextUrl(response, url)
      if (next === undefined) {
        requireFile(response, options.maxBytes)
      } else {
        if (redirects === MAX_REDIRECTS)
          throw new Reason(`it redirects over ${MAX_REDIRECTS} times`)
        url = next
        response.destroy()
        continue
      }
    } catch (error) {
      response?.destroy()
      throw explain(error)
    }
    let bytes = 0
    for await (const chunk of readBody(response, explain)) {
      idle.stop()
      bytes += chunk.length
      await write(chunk)
      idle.start()
    }
    idle.stop()
    if (bytes === 0) throw explain(new Reason('it sent an empty file', { isMissing: true }))
    return
  }
}

/** Aborts its signal when nothing has started it again for this time. */
function createIdleTimer(seconds: number | undefined) {
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const stop = () => clearTimeout(timer)
  return {
    signal: ending.signal,
    stop,
    start() {
      stop()
      if (seconds !== undefined) timer = setTimeout(() => ending.abort(), seconds * 1000)
    },
  }
}

/** Completes "… cannot be fetched: ". Holds nothing that only the server knows. */
class Reason extends Error {
  readonly fault: FetchFault

  constructor(message: string, fault: Partial<FetchFault> = {}) {
    super(message)
    this.fault = { ...NO_FAULT, ...fault }
  }
}

/** What a failure means for one who may try again. */
export interface FetchFault {
  /** The source answered, and has no such file. */
  isMissing: boolean
  /** It answered with 403. */
  isForbidden: boolean
  /** It may work soon. */
  isPassing: boolean
  /** There was no whole answer: the connection broke off, or it took too long. */
  isBroken: boolean
  /** The header of that name. */
  retryAfter: string | undefined
}

const NO_FAULT: FetchFault = {
  isMissing: false,
  isForbidden: false,
  isPassing: false,
  isBroken: false,
  retryAfter: undefined,
}

/** @returns undefined for an error that is none of `fetchFile`, or 413 */
export function fetchFaultOf(error: unknown): FetchFault | undefined {
  if (!(error instanceof AppError) || error.code !== 'fetch-failed') return undefined
  const { cause } = error
  // Everything that has no reason of its own is a broken connection or took too long.
  return cause instanceof Reason ? cause.fault : { ...NO_FAULT, isPassing: true, isBroken: true }
}

/** Sends the request, and resolves with the head of the answer. */
async function ask(
  url: URL,
  signal: AbortSignal,
  { allowedHosts, nameServers, trusted }: FetchOptions,
): Promise<IncomingMessage> {
  const isTrusted = url.origin === trusted?.origin
  const isAllowed = isTrusted || allowedHosts.includes(url.hostname)
  const addresses = await findAddresses(url.hostname, { isAllowed, nameServers, signal })
  const { request, Agent } = url.protocol === 'https:' ? https : http
  const [first] = addresses
  const options: RequestOptions = {
    // An agent of its own, so that neither a proxy of the environment nor an open connection is used.
    agent: new Agent({ keepAlive: false }),
    headers: {
      accept: 'image/*,*/*;q=0.5',
      'accept-encoding': 'identity',
      'user-agent': 'Vitrine',
      ...(isTrusted && trusted?.headers),
    },
    lookup: (_host, { all }, answer) => {
      if (all) answer(null, [...addresses])
      else if (first) answer(null, first.address, first.family)
    },
    signal,
  }
  return new Promise((resolve, reject) => {
    const sent = heard(request(url, options))
    sent.once('response', (response) => resolve(heard(response)))
    sent.once('error', reject)
    // Without an answer and without an error, such as after a change of the protocol.
    sent.once('close', () => reject(new Reason('it does not answer in HTTP', { isPassing: true })))
    sent.end()
  })
}

interface Address {
  address: string
  family: number
}

/** @throws Reason if there is no address, or none that may be asked */
async function findAddresses(
  hostname: string,
  {
    isAllowed,
    nameServers,
    signal,
  }: { isAllowed: boolean; nameServers: readonly string[] | undefined; signal: AbortSignal },
): Promise<readonly Address[]> {
  const host = withoutBrackets(hostname)
  if (isIP(host) !== 0) {
    if (!isAllowed && !isPublicAddress(host)) {
      throw new Reason('it is not an address of the public internet')
    }
    return [{ address: host, family: isIP(host) }]
  }
  if (isAllowed) return lookup(host, { all: true })
  const found = await resolveName(host, nameServers, signal)
  const addresses = found.filter(isPublicAddress)
  // The same words for a private name and one that does not exist: which names exist here is nobody's business.
  if (addresses.length === 0) {
    throw new Reason('its name leads to no address of the public internet')
  }
  return addresses.map((address) => ({ address, family: isIP(address) }))
}

/**
 * Asks name servers, and neither the hosts file nor the system. The system's lookup would hold a thread for as long as
 * a slow name server likes.
 */
async function resolveName(
  host: string,
  nameServers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: NAME_SERVER_MS, tries: 2 })
  if (nameServers) resolver.setServers(nameServers)
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    signal.throwIfAborted()
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Where a redirect leads; undefined if the answer is none. */
function nextUrl({ statusCode, headers }: IncomingMessage, from: URL): URL | undefined {
  if (!REDIRECTS.has(statusCode)) return undefined
  const { location } = headers
  const next = location === undefined ? null : URL.parse(location, from)
  if (next === null) throw new Reason('it redirects to what is no URL')
  const fault = findUrlFault(next)
  if (fault !== undefined) throw new Reason(`it redirects to a URL that ${fault}`)
  return next
}

/** Looks at the head of an answer only: what the file is, its bytes decide later. */
function requireFile({ statusCode, headers }: IncomingMessage, maxBytes: number): void {
  if (statusCode !== 200) {
    throw new Reason(`it answered with the status ${statusCode}`, {
      isMissing: statusCode === 404 || statusCode === 410,
      isForbidden: statusCode === 403,
      isPassing: statusCode === 429 || Number(statusCode) >= 500,
      retryAfter: headers['retry-after'],
    })
  }
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'text/html' || type === 'application/xhtml+xml') {
    const reason = `it sent a page (${type}) and no image; give the address of the image itself`
    throw new Reason(reason, { isMissing: true })
  }
  // Never decompressed: a few kilobytes could become any number of gigabytes.
  const encoding = headers['content-encoding']?.trim().toLowerCase() || 'identity'
  if (encoding !== 'identity')
    throw new Reason('it sent the file compressed, without being asked to')
  const declared = Number(headers['content-length'] ?? 0)
  if (declared > maxBytes) {
    throw imageTooLarge(`The image has ${declared} bytes; at most ${maxBytes} are allowed.`)
  }
}

/** The body of an answer. Faults of the source are explained; those of the consumer pass by. */
async function* readBody(
  response: IncomingMessage,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  try {
    yield* response
  } catch (error) {
    throw explain(error)
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Reason ? error.message : explainFault(error)
