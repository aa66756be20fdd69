import { Button, Loader, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { Suspense, useMemo, useState } from 'react'
import type { MediaItem } from '../api/client'
import { loadLater } from '../load-later'
import { useMessages } from '../messages/messages'
import classes from './item.module.css'
import { isTransparent, toDataUrl } from './placeholder'
import { loadedWidth, sizesOf, sourcesOf } from './sources'
import type { Size, Zoom } from './zoom'

const { Component: ItemTiles } = loadLater(async () => ({
  default: (await import('./item-tiles')).ItemTiles,
}))

/** Delay before a larger image is requested while the user zooms. */
const SETTLED_MS = 200

interface ItemPictureProps {
  item: MediaItem
  isInTrash: boolean
  stage: Size
  /** Zero until the size of the stage is known. */
  shown: Size
  zoom: Zoom
  isSmooth: boolean
  onLoaded: () => void
}

/**
 * The large image, in the pixels that the screen can show. The server may have to render it first. The small image is
 * shown until it is loaded, and if it fails to load. Zooming in adds tiles with the pixels that are missing; where the
 * server has none, a larger image.
 */
export function ItemPicture(props: ItemPictureProps) {
  const { item, isInTrash, stage, shown, zoom, isSmooth, onLoaded } = props
  const { t } = useMessages()
  const { urls, thumbhash } = item
  // Here a decorative image is what the user looks at, so it keeps its name.
  const alt = item.alt || item.name
  const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading')
  /** If the small image is missing too, its `src` becomes the placeholder: a broken image would hide it. */
  const [isSmallMissing, setIsSmallMissing] = useState(false)
  const [isSmallLoaded, setIsSmallLoaded] = useState(false)
  /** True if the server has refused the width that fits. */
  const [isRefused, setIsRefused] = useState(false)
  const [hasTiles, setHasTiles] = useState(true)
  // Tiles stand still, and they would show twice what is half transparent.
  const isTiled = hasTiles && item.frames === 1 && !isTransparent(thumbhash)
  const [settled] = useDebouncedValue(zoom.scale, SETTLED_MS)
  const pixels = shown.width * devicePixelRatio
  const loaded = loadedWidth(item, pixels)
  const needsTiles = isTiled && loaded < item.width && zoom.scale * pixels > loaded
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
        {state !== 'failed' && shown.width > 0 && (
          <img
            {...(!isRefused && {
              sizes: sizesOf(shown.width * (isTiled ? 1 : settled)),
              srcSet: sourcesOf(item),
            })}
            src={urls.high}
            alt={alt}
            draggable={false}
            onLoad={() => {
              setState('loaded')
              onLoaded()
            }}
            onError={() => (isRefused ? setState('failed') : setIsRefused(true))}
          />
        )}
        {needsTiles && state === 'loaded' && (
          <Suspense>
            <ItemTiles
              item={item}
              isInTrash={isInTrash}
              stage={stage}
              shown={shown}
              zoom={zoom}
              onMissing={() => setHasTiles(false)}
            />
          </Suspense>
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
              setIsRefused(false)
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
