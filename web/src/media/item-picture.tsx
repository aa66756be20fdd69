import { Button, Loader, Text } from '@mantine/core'
import { useMemo, useState } from 'react'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import classes from './item.module.css'
import { isTransparent, toDataUrl } from './placeholder'
import type { Size, Zoom } from './zoom'

interface ItemPictureProps {
  item: MediaItem
  shown: Size
  zoom: Zoom
  isSmooth: boolean
  onLoaded: () => void
}

/**
 * The large image. The server may have to render it first. The small image is shown until it is loaded,
 * and if it fails to load.
 */
export function ItemPicture({ item, shown, zoom, isSmooth, onLoaded }: ItemPictureProps) {
  const { t } = useMessages()
  const { urls, thumbhash } = item
  // Here a decorative image is what the user looks at, so it keeps its name.
  const alt = item.alt || item.name
  const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading')
  /** If the small image is missing too, its `src` becomes the placeholder: a broken image would hide it. */
  const [isSmallMissing, setIsSmallMissing] = useState(false)
  const [isSmallLoaded, setIsSmallLoaded] = useState(false)
  const isLoaded = state === 'loaded' || (isSmallLoaded && !isSmallMissing)
  const placeholder = useMemo(() => toDataUrl(thumbhash), [thumbhash])
  return (
    <>
      <div
        className={classes.picture}
        data-testid="picture"
        data-smooth={isSmooth || undefined}
        // A checkerboard replaces the placeholder behind a loaded transparent image.
        data-transparent={(isLoaded && isTransparent(thumbhash)) || undefined}
        style={{
          ...shown,
          transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`,
        }}
      >
        {state !== 'loaded' && (
          <img
            src={isSmallMissing ? placeholder : urls.scaled}
            alt={state === 'failed' ? alt : ''}
            draggable={false}
            {...(!isLoaded && { style: { backgroundImage: `url(${placeholder})` } })}
            {...(!isSmallMissing && {
              onError: () => setIsSmallMissing(true),
              onLoad: () => setIsSmallLoaded(true),
            })}
          />
        )}
        {state !== 'failed' && (
          <img
            src={urls.high}
            alt={alt}
            draggable={false}
            onLoad={() => {
              setState('loaded')
              onLoaded()
            }}
            onError={() => setState('failed')}
          />
        )}
      </div>
      {state === 'loading' && (
        <Loader className={classes.late} size="sm" aria-label={t.loading} role="status" />
      )}
      {state === 'failed' && (
        <div className={classes.notice} role="alert">
          <Text size="sm">{t.largeNotLoaded}</Text>
          <Button
            size="compact-sm"
            onClick={() => {
              setState('loading')
              setIsSmallMissing(false)
            }}
          >
            {t.tryAgain}
          </Button>
        </div>
      )}
    </>
  )
}
