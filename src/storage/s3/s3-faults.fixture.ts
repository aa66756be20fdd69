import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/**
 * A fault of a request. An object: S3 responds with this error. `reset`: the connection breaks before S3 gets
 * the request. `lost answer`: S3 performs the request, but its response is lost. `cut answer`: the response
 * breaks off midway. `silence`: no response. `changed body`: a byte of the request body is changed.
 */
export type Fault =
  | { status: number; code: string }
  | 'reset'
  | 'lost answer'
  | 'cut answer'
  | 'silence'
  | 'changed body'

/** A method and a known query parameter: `PUT partNumber`, `GET`; `*` for all. */
export type Call = string

export interface FaultyProxy {
  url: string
  /** The requests so far. */
  calls: Call[]
  /** Number of running requests. */
  readonly open: number
  /** Sets the faults of the next requests of this kind, one each. Undefined lets a request through. */
  fail(call: Call, ...faults: readonly (Fault | undefined)[]): void
  /** Sets the fault of every further request of this kind. */
  failAlways(call: Call, fault: Fault): void
  /** Removes all faults. */
  mend(): void
  close(): Promise<void>
}

/** For tests: starts a proxy to S3 that injects faults. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const next = new Map<Call, (Fault | undefined)[]>()
  const always = new Map<Call, Fault>()
  const calls: Call[] = []
  let open = 0

  const server = createServer(async (incoming, outgoing) => {
    open += 1
    outgoing.once('close', () => {
      open -= 1
    })
    const call = callOf(incoming)
    calls.push(call)
    const fault = next.get(call)?.shift() ?? always.get(call) ?? always.get('*')
    try {
      await answer(target, incoming, outgoing, fault)
    } catch {
      outgoing.destroy()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no address.')

  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    get open() {
      return open
    },
    fail(call, ...faults) {
      next.set(call, [...faults])
    },
    failAlways(call, fault) {
      always.set(call, fault)
    },
    mend() {
      next.clear()
      always.clear()
    },
    async close() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

function callOf({ method, url = '' }: IncomingMessage): Call {
  const names = [...new URL(url, 'http://s3').searchParams.keys()]
  const known = names.find((name) =>
    ['uploads', 'partNumber', 'uploadId', 'delete', 'list-type'].includes(name),
  )
  return known === undefined ? `${method}` : `${method} ${known}`
}

async function answer(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
) {
  if (fault === 'reset') return incoming.socket.resetAndDestroy()
  const body = await buffer(incoming)
  if (fault === 'silence') return
  if (typeof fault === 'object') {
    outgoing.writeHead(fault.status, { 'content-type': 'application/xml' })
    outgoing.end(`<Error><Code>${fault.code}</Code><Message>Told to fail.</Message></Error>`)
    return
  }
  if (fault === 'changed body') body[body.length >> 1] = ~(body[body.length >> 1] ?? 0)

  const forwarded = request(new URL(incoming.url ?? '', target), {
    method: incoming.method ?? 'GET',
    headers: incoming.headers,
    agent: false,
  }).end(body)
  // Swift sends a last, empty chunk after some answers that have no body.
  forwarded.on('error', () => {})
  const [reply]: IncomingMessage[] = await once(forwarded, 'response')
  if (!reply) throw new Error('There is no answer.')
  outgoing.once('close', () => reply.destroy())
  if (fault === 'lost answer') {
    await buffer(reply)
    return incoming.socket.resetAndDestroy()
  }
  outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
  if (fault !== 'cut answer') return reply.pipe(outgoing)
  const bytes = await buffer(reply)
  outgoing.write(bytes.subarray(0, bytes.length >> 1), () => incoming.socket.resetAndDestroy())
}
