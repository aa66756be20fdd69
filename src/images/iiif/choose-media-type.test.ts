import { describe, expect, it } from 'vitest'
import { chooseMediaType } from './choose-media-type.ts'

const LINKED = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
const PLAIN = 'application/json'

describe("the media type of an image's information", () => {
  it.each([
    [undefined, LINKED],
    ['*/*', LINKED],
    ['application/ld+json', LINKED],
    ['application/ld+json;profile="http://iiif.io/api/image/3/context.json"', LINKED],
    ['APPLICATION/LD+JSON, application/json', LINKED],
    ['application/ld+json;q=0.9, application/json;q=0.8', LINKED],
    ['text/html,application/xhtml+xml,*/*;q=0.8', LINKED],
    ['image/png', LINKED],
    ['', LINKED],
    ['application/json', PLAIN],
    ['application/json, */*;q=0.5', PLAIN],
    ['application/json, text/plain, */*', LINKED],
    ['*/*, application/ld+json;q=0.5', PLAIN],
    ['application/*;q=0.5, application/json ; q=0.6', PLAIN],
    ['application/ld+json; q=0, */*', PLAIN],
    ['application/ld+json;q=x, application/json;q=0.1', PLAIN],
  ])('for %j is %s', (accept, type) => {
    expect(chooseMediaType(accept)).toBe(type)
  })
})
