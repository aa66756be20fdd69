import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/**
 * What goes wrong with a request: S3 answers with an error of its own, the connection breaks before
 * it is answered, the answer is lost although S3 did what was asked, the answer breaks off midway,
 * nothing ever comes, or a bit of the body falls over on the way.
 */
export type Fault =
  | { status: number; code: string }
  | 'reset'
  | 'lost answer'
  | 'cut answer'
  | 'silence'
  | 'changed body'

/** A method and the query's first name: `PUT partNumber`, `GET`; `*` for all of them. */
export type Call = string

export interface FaultyProxy {
  url: string
  /** What was asked for so far. */
  calls: Call[]
  /** Requests that are under way. */
  readonly open: number
  /** The faults of the next requests of this kind, one each; undefined lets it through. */
  fail(call: Call, ...faults: readonly (Fault | undefined)[]): void
  /** The fault of every further request of this kind. */
  failAlways(call: Call, fault: Fault): void
  /** Nothing fails any more. */
  mend(): void
  close(): Promise<void>
}

/** For tests: a way to S3 on which things go wrong when they are told to. */
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
