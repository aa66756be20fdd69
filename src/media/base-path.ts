import type { BasePath } from '../http/base-path.ts'
import type { MediaItem } from './item.ts'

/** Puts the path under which a proxy shows the server in front of the addresses of items. */
export interface ItemAddresses {
  inItem(item: MediaItem): MediaItem
  /** @param json of items, in UTF-8, none of them cut */
  inJson(json: Buffer): Buffer
}

export function createItemAddresses(basePath: BasePath): ItemAddresses {
  if (basePath === '') return { inItem: (item) => item, inJson: (json) => json }
  return {
    inItem(item) {
      const { urls } = item
      const entries = Object.entries(urls).map(([name, url]) => [name, basePath + url])
      return { ...item, urls: Object.fromEntries(entries) }
    },
    // As bytes: what is looked for is ASCII, and nothing else needs to be understood.
    inJson: (json) =>
      Buffer.from(json.toString('latin1').replaceAll(URLS, `$&${basePath}`), 'latin1'),
  }
}

/** Up to each address of `urls`. No text within an item looks like it: there each `"` has a `\` before it. */
const URLS = /"(?:scaled|high)":"/g
