import { extname } from 'node:path'

/*
 * XMP sidecars: documents beside images, in which programs keep what people say of an image that they do not write into.
 * Lightroom and Capture One name that of `a.jpg` `a.xmp`; so `a.jpg` and its raw file share it. darktable and digiKam
 * name it `a.jpg.xmp`.
 */

export const SIDECAR_EXTENSION = '.xmp'

export const isSidecar = (name: string): boolean =>
  extname(name).toLowerCase() === SIDECAR_EXTENSION

/**
 * Returns a function that finds the sidecar of a file among the names of its folder: the one of this file alone, else the
 * one that it may share.
 */
export function sidecarsAmong(names: readonly string[]): (name: string) => string | undefined {
  const byStem = new Map(names.filter(isSidecar).map((name) => [stemOf(name), name]))
  return (name) => byStem.get(name) ?? byStem.get(stemOf(name))
}

const stemOf = (name: string) => name.slice(0, name.length - extname(name).length)
