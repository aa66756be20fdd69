import { describe, expect, it } from 'vitest'
import { parseS3Url } from './s3-url.ts'

describe('the address of a bucket', () => {
  it.each([
    [
      's3://bucket?region=eu-central-1',
      { bucket: 'bucket', prefix: '', region: 'eu-central-1', endpoint: undefined },
    ],
    ['s3://a.b-c', { bucket: 'a.b-c', region: undefined, pathStyle: false, delivery: 'proxy' }],
    ['s3://bucket/', { prefix: '' }],
    ['s3://bucket/photos', { prefix: 'photos/' }],
    ['s3://bucket/../%2e%2e/photos', { prefix: 'photos/' }],
    ['s3://bucket/our/photos_2.x/', { prefix: 'our/photos_2.x/' }],
    [
      's3://bucket?endpoint=https://s3.example.com',
      { endpoint: 'https://s3.example.com', region: 'us-east-1', pathStyle: true },
    ],
    [
      's3://bucket?endpoint=http%3A%2F%2F127.0.0.1%3A9000%2Fs3&region=x',
      { endpoint: 'http://127.0.0.1:9000/s3', region: 'x' },
    ],
    ['s3://bucket?endpoint=https://s3.example.com&path-style=false', { pathStyle: false }],
    ['s3://bucket', { timeout: 30_000 }],
    ['s3://bucket?timeout=300', { timeout: 300_000 }],
    ['s3://bucket?path-style=true&delivery=redirect', { pathStyle: true, delivery: 'redirect' }],
  ])('is read from %s', (text, place) => {
    expect(parseS3Url(text)).toMatchObject(place)
  })

  it.each([
    ['bucket', /^an address like s3:/],
    ['https://bucket', /^an address like s3:/],
    ['s3://', /name of a bucket/],
    ['s3://Bucket', /"Bucket" is not/],
    ['s3://ab', /"ab" is not/],
    ['s3://bucket:80', /"bucket:80" is not/],
    ['s3://key:secret@bucket', /without credentials.* AWS_ACCESS_KEY_ID/],
    ['s3://key@bucket', /without credentials/],
    ['s3://bucket/a//b', /no other path/],
    ['s3://bucket/a b', /no other path/],
    ['s3://bucket/a%2Fb', /no other path/],
    [`s3://bucket/${'x'.repeat(501)}`, /500 at most/],
    ['s3://bucket#x', /without a #/],
    ['s3://bucket?regoin=x', /endpoint, region, path-style, delivery, timeout; "regoin" is none/],
    ['s3://bucket?region=x&region=y', /says region once/],
    ['s3://bucket?region=', /region is like eu-central-1/],
    ['s3://bucket?endpoint=s3.example.com', /endpoint is like https/],
    ['s3://bucket?endpoint=ftp://s3.example.com', /endpoint is like https/],
    ['s3://bucket?endpoint=https://key:secret@s3.example.com', /endpoint is like https/],
    ['s3://bucket?endpoint=https://s3.example.com?x=1', /endpoint is like https/],
    ['s3://bucket?path-style=yes', /path-style is true or false, not "yes"/],
    ['s3://bucket?timeout=0', /timeout is 1 to 300 seconds, not "0"/],
    ['s3://bucket?timeout=301', /timeout is 1 to 300/],
    ['s3://bucket?timeout=1.5', /timeout is 1 to 300/],
    ['s3://bucket?delivery=fast', /delivery is proxy or redirect, not "fast"/],
  ])('%s is refused', (text, reason) => {
    expect(() => parseS3Url(text)).toThrow(reason)
    expect(() => parseS3Url(text)).not.toThrow('secret')
  })
})
