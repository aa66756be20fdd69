import { useEffect, useMemo, useState } from 'react'
import type { MediaItem } from '../api/client'
import { MissingIcon } from '../icons'
import { useMessages } from '../messages/messages'
import classes from './grid.module.css'
import { isTransparent, toDataUrl } from './placeholder'

/** `scaled` fits this square. */
const SCALED = 400
/** Long enough that of what is only scrolled past nothing is decoded or asked for. */
const SETTLED_MS = 80
/** An image that could not be loaded is tried again after this, then after four times as long… */
const RETRY_MS = 15_000

/** The whole image in its true aspect; until it is there, its colour, then its thumbhash, in its place. */
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
  /** The address of what is there: from then on its placeholder would be seen through it. */
  const [loaded, setLoaded] = useState<string>()
  const isLoaded = loaded === urls.scaled && !isMissing
  const placeholder = useMemo(() => isSettled && toDataUrl(thumbhash), [thumbhash, isSettled])
  if (!placeholder) {
    return <span className={classes.image} style={{ ...size, backgroundColor: item.color }} />
  }
  return (
    <>
      <img
        className={classes.image}
        // What browsers show of a broken image would hide the placeholder.
        src={isMissing ? placeholder : urls.scaled}
        // What it is called stands beneath it.
        alt=""
        {...size}
        decoding="async"
        draggable={false}
        {...(isLoaded
          ? { 'data-transparent': isTransparent(thumbhash) || undefined }
          : { style: { backgroundImage: `url(${placeholder})` } })}
        {...(!isMissing && { onError: setMissing, onLoad: () => setLoaded(urls.scaled) })}
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

/** Whether the image cannot be loaded: deleted elsewhere, or the server is away for a moment. */
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
