import { useMemo } from 'react'
import { thumbHashToDataURL } from 'thumbhash'
import type { MediaItem } from '../api/client'
import classes from './grid.module.css'

/** `scaled` fits this square. */
const SCALED = 400

/** The whole image in its true aspect; until it is there, its thumbhash in the very same place. */
export function Thumbnail({ item, box }: { item: MediaItem; box: number }) {
  const { width, height, thumbhash, urls, name } = item
  const scale = Math.min(box / width, box / height, Math.max(1, SCALED / Math.max(width, height)))
  const placeholder = useMemo(() => toDataUrl(thumbhash), [thumbhash])
  return (
    <img
      className={classes.image}
      src={urls.scaled}
      alt={name}
      width={Math.max(1, Math.round(width * Math.min(scale, 1)))}
      height={Math.max(1, Math.round(height * Math.min(scale, 1)))}
      decoding="async"
      draggable={false}
      style={{ backgroundImage: `url(${placeholder})` }}
    />
  )
}

function toDataUrl(thumbhash: string): string {
  return thumbHashToDataURL(Uint8Array.from(atob(thumbhash), (byte) => byte.charCodeAt(0)))
}
