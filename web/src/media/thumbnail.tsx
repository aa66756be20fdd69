import { useEffect, useMemo, useState } from 'react'
import type { MediaItem } from '../api/client'
import { MissingIcon } from '../icons'
import { useMessages } from '../messages/messages'
import classes from './grid.module.css'
import { isTransparent, toDataUrl } from './placeholder'
import { SCALED, sizesOf, smallSourcesOf } from './sources'

/** Delay before an image is requested, so that images that are scrolled past cost nothing. */
const SETTLED_MS = 80
/** Delay before the first retry of a failed image. Each further delay is four times as long. */
const RETRY_MS = 15_000

/**
 * The whole image in its aspect ratio. Until it is loaded, its colour and then its ThumbHash are shown. Where the server
 * does not send a sharper image, the variant `scaled` has to do.
 */
export function Thumbnail({ item, box }: { item: MediaItem; box: number }) {
  const { width, height, thumbhash, urls } = item
  const { t } = useMessages()
  const { isMissing, setMissing } = useMissing()
  const scale = Math.min(box / width, box / height, Math.max(1, SCALED / Math.max(width, height)))
  const size = {
    width: Math.max(1, Math.round(width * Math.min(scale, 1))),
    height: Math.max(1, Math.round(height * Math.min(scale, 1))),
  }
  const isSettled = useSettled()
  /** Address of the loaded image. The placeholder is then removed: it would show through the image. */
  const [loaded, setLoaded] = useState<string>()
  const isLoaded = loaded === urls.scaled && !isMissing
  /** Address of the image of which the server has refused a sharper one. */
  const [refused, setRefused] = useState<string>()
  const sources = refused === urls.scaled || isMissing ? undefined : smallSourcesOf(item)
  const placeholder = useMemo(() => isSettled && toDataUrl(thumbhash), [thumbhash, isSettled])
  if (!placeholder) {
    return <span className={classes.image} style={{ ...size, backgroundColor: item.color }} />
  }
  return (
    <>
      <img
        className={classes.image}
        // Before `src`: browsers would load that at once.
        {...(sources && { sizes: sizesOf(size.width), srcSet: sources })}
        // A broken image would hide the placeholder.
        src={isMissing ? placeholder : urls.scaled}
        // The name is shown below the image.
        alt=""
        {...size}
        decoding="async"
        draggable={false}
        {...(isLoaded
          ? { 'data-transparent': isTransparent(thumbhash) || undefined }
          : { style: { backgroundImage: `url(${placeholder})` } })}
        {...(!isMissing && {
          onError: () => (sources ? setRefused(urls.scaled) : setMissing()),
          onLoad: () => setLoaded(urls.scaled),
        })}
      />
      {isMissing && (
        <span className={classes.missing} title={t.imageMissing} aria-hidden>
          <MissingIcon />
        </span>
      )}
    </>
  )
}

function useSettled(): boolean {
  const [isSettled, setIsSettled] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsSettled(true), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [])
  return isSettled
}

/** Whether the image failed to load: it was deleted elsewhere, or the server is unreachable. */
function useMissing() {
  const [isMissing, setIsMissing] = useState(false)
  const [failures, setFailures] = useState(0)
  useEffect(() => {
    if (!isMissing) return
    const retry = () => setIsMissing(false)
    const timer = setTimeout(retry, RETRY_MS * 4 ** (failures - 1))
    addEventListener('online', retry)
    return () => {
      clearTimeout(timer)
      removeEventListener('online', retry)
    }
  }, [isMissing, failures])
  const setMissing = () => {
    setIsMissing(true)
    setFailures((count) => count + 1)
  }
  return { isMissing, setMissing }
}
