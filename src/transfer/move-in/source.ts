import type { Site, SourceAddress } from './site.ts'

/** A kind of program whose media can move into the library. `sources.ts` lists them. */
export interface SourceKind {
  /** As its makers write it: `WordPress`. */
  title: string
  /** What `--token` is, completes "… needs a token: ": `an API key of the account`. */
  token: string
  /**
   * Opens a source. Asks at least once with the token, so that a wrong address, another program and a wrong token are
   * told before anything is added.
   *
   * @throws SourceFault
   */
  open(address: SourceAddress): Promise<Source>
}

/** A program whose media move into the library. */
export interface Source {
  /** Where originals are fetched from, with its credential. */
  site: Site
  /** @returns how many items there are, as far as that is known at the start; for the progress */
  count(): Promise<number | undefined>
  /** Yields all collections, each parent before its children. The caller reads all of them before it reads items. */
  collections(): AsyncIterable<SourceCollection>
  /**
   * All items, the oldest first, read page by page as they are asked for. Also those that are no images, with `refused`.
   * @throws SourceFault
   */
  items(): AsyncIterable<SourceItem>
}

/** A folder, an album or a category. */
export interface SourceCollection {
  /** Unique among the collections of the source, and the same in the next run. */
  id: string
  /** Any text; made fit for the library by the caller, as all texts here. */
  name: string
  description?: string | undefined
  /** Id of the collection that it is below; absent at the top. */
  parent?: string | undefined
}

/** An image of the source, with what people wrote of it. Empty texts count as absent. */
export interface SourceItem {
  /** Unique among the items of the source, and the same in the next run. */
  id: string
  name: string
  /** Of the file. */
  fileName?: string | undefined
  alt?: string | undefined
  /** Plain text. */
  description?: string | undefined
  credit?: string | undefined
  copyright?: string | undefined
  tags?: readonly string[]
  /** 1 to 5. */
  rating?: number | undefined
  /** Parts of the width and height, from 0 to 1. */
  focus?: { x: number; y: number } | undefined
  /** Local time, perhaps with its zone: `2026-03-14T15:09:26+01:00`. Only if the source knows it from more than the file. */
  takenAt?: string | undefined
  /** What the source read from the file. It is used where the file that we get no longer says it. */
  fileSaid?: {
    takenAt?: string | undefined
    credit?: string | undefined
    copyright?: string | undefined
  }
  /** By language (BCP 47). */
  translations?: Readonly<Record<string, { alt?: string; description?: string }>>
  /** Ids of the collections that it is in. */
  collections?: readonly string[]
  /**
   * Where its original is, the best first. The next is tried where one is missing (404, 410). Those on the site's origin
   * are fetched with its credential, those elsewhere without it, and only from hosts of the public internet.
   */
  originals: readonly URL[]
  /** Addresses by which pages show it, for the mapping. */
  urls: readonly SourceUrl[]
  /** A sentence that says why it is not added, such as a video: `The file is a video (video/mp4).` */
  refused?: string | undefined
}

export interface SourceUrl {
  url: string
  /** Pixels of a smaller version, which leads to a version of about that width; absent for the original. */
  width?: number | undefined
  /** Pixels of a version that is cut to another ratio than the original; absent for all others. */
  height?: number | undefined
}
