import { S3Fault } from './s3-fault.ts'
import type { S3Place } from './s3-url.ts'

const CREDENTIALS =
  'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine'

/** What the first request failed of, with what to mend: whoever starts the program reads it. */
export function explainStart(place: S3Place, error: unknown): unknown {
  if (!(error instanceof S3Fault)) return error
  const advice = advise(place, error)
  return advice === undefined ? error : new S3Fault(`${advice} (${error.message})`, error)
}

function advise({ bucket, endpoint, region }: S3Place, fault: S3Fault): string | undefined {
  const service = endpoint ?? 'S3'
  switch (fault.code) {
    case 'NoSuchBucket':
      return `There is no bucket ${bucket} at ${service}. Make it, or correct VITRINE_STORAGE_URL.`
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
    case 'InvalidToken':
      return `${service} does not accept the credentials. Correct ${CREDENTIALS}.`
    case 'CredentialsProviderError':
    case 'CredentialsError':
      return `There are no credentials for ${service}. Give it ${CREDENTIALS}.`
    case 'AccessDenied':
      return `The credentials do not allow to list the bucket ${bucket}. docs/storage.md says which rights are needed.`
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
      return `The bucket ${bucket} is in another region than ${region ?? 'the one that is configured'}. Say region=… in VITRINE_STORAGE_URL.`
  }
  if (fault.status === undefined) {
    return `${service} cannot be reached. Look at endpoint=… and region=… in VITRINE_STORAGE_URL, and at the network.`
  }
  return undefined
}
