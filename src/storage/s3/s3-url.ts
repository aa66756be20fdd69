/** A place in a bucket, as in `VITRINE_STORAGE_URL`. */
export interface S3Place {
  bucket: string
  /** Start of all object names: empty, or a path that ends in a slash. */
  prefix: string
  /** Undefined for Amazon's endpoint of the region. */
  endpoint: string | undefined
  /** Undefined for the region of the standard chain: AWS_REGION, or the profile. */
  region: string | undefined
  /** Whether the bucket is in the path of an address; else it is in the host name. */
  pathStyle: boolean
  /** `redirect` sends clients to the bucket for the bytes, by an address that is valid for five minutes. */
  delivery: 'proxy' | 'redirect'
  /** How long S3 may be silent, in milliseconds. */
  timeout: number
}

const PARAMETERS = ['endpoint', 'region', 'path-style', 'delivery', 'timeout']

const TIMEOUT_SECONDS = '30'
const MAX_TIMEOUT_SECONDS = 300

/** Names that Amazon and every other service allow. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** Characters without escapes in any URL. S3 limits a name to 1024 bytes, and the object's key follows. */
const PREFIX = /^(?=.{0,500}$)(?:[\w.-]+(?:\/[\w.-]+)*)?$/

/**
 * Reads `s3://bucket/prefix?endpoint=https://…&region=…&path-style=true&delivery=proxy&timeout=30`.
 *
 * @throws Error whose message completes "must be …"
 */
export function parseS3Url(text: string): S3Place {
  const url = URL.parse(text)
  if (url?.protocol !== 's3:') throw new Error('an address like s3://bucket/prefix?region=…')
  if (url.username !== '' || url.password !== '' || url.host.includes('@')) {
    throw new Error(
      'an address without credentials; they are taken from AWS_ACCESS_KEY_ID and ' +
        'AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine',
    )
  }
  const bucket = url.host
  if (!BUCKET.test(bucket)) {
    throw new Error(
      `an address with the name of a bucket after s3://, which ${JSON.stringify(bucket)} is not: ` +
        '3 to 63 lower-case letters, digits, dots and hyphens',
    )
  }
  const path = url.pathname.replace(/^\/|\/$/g, '')
  if (!PREFIX.test(path)) {
    throw new Error(
      'an address with no other path than letters, digits, dots, hyphens and underscores between ' +
        'single slashes, 500 at most',
    )
  }
  if (url.hash !== '') throw new Error('an address without a # and what follows it')

  const parameters = readParameters(url.searchParams)
  const endpoint = readEndpoint(parameters.get('endpoint'))
  return {
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    // Most other services ignore the region, but a signature needs one.
    region: readRegion(parameters.get('region')) ?? (endpoint && 'us-east-1'),
    pathStyle:
      oneOf(parameters, 'path-style', ['true', 'false'], endpoint ? 'true' : 'false') === 'true',
    delivery: oneOf(parameters, 'delivery', ['proxy', 'redirect'], 'proxy'),
    timeout: readTimeout(parameters.get('timeout') ?? TIMEOUT_SECONDS),
  }
}

function readParameters(query: URLSearchParams): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of query) {
    if (!PARAMETERS.includes(name)) {
      throw new Error(
        `an address whose parameters are of ${PARAMETERS.join(', ')}; ${JSON.stringify(name)} is none of them`,
      )
    }
    if (parameters.has(name)) throw new Error(`an address that says ${name} once`)
    parameters.set(name, value)
  }
  return parameters
}

function readEndpoint(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  const isPlain =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    [url.username, url.password, url.search, url.hash].every((part) => part === '')
  if (!isPlain) {
    throw new Error('an address whose endpoint is like https://s3.example.com, and nothing more')
  }
  return text
}

function readRegion(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[a-zA-Z0-9-]{1,63}$/.test(text)) {
    throw new Error(`an address whose region is like eu-central-1, not ${JSON.stringify(text)}`)
  }
  return text
}

/** @returns milliseconds */
function readTimeout(text: string): number {
  const seconds = Number(text)
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= MAX_TIMEOUT_SECONDS) return seconds * 1000
  throw new Error(
    `an address whose timeout is 1 to ${MAX_TIMEOUT_SECONDS} seconds, not ${JSON.stringify(text)}`,
  )
}

function oneOf<T extends string>(
  parameters: ReadonlyMap<string, string>,
  name: string,
  values: readonly T[],
  fallback: T,
): T {
  const text = parameters.get(name) ?? fallback
  const value = values.find((candidate) => candidate === text)
  if (value === undefined) {
    throw new Error(
      `an address whose ${name} is ${values.join(' or ')}, not ${JSON.stringify(text)}`,
    )
  }
  return value
}
