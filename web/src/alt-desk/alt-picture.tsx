import { useElementSize } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import type { MediaItem } from '../api/client'
import { ItemPicture } from '../media/item-picture'
import { sizesOf, sourcesOf } from '../media/sources'
import { FIT, fitInto } from '../media/zoom'
import classes from './alt-desk.module.css'

interface AltPictureProps {
  item: MediaItem
  /** The images that are likely to be shown next. They are fetched in advance. */
  ahead: readonly MediaItem[]
}

/** The image as large as there is room. */
export function AltPicture({ item, ahead }: AltPictureProps) {
  const { ref, width, height } = useElementSize<HTMLDivElement>()
  const [isLoaded, setIsLoaded] = useState(false)
  const stage = { width, height }
  const next = ahead.map(({ id }) => id).join(' ')
  const addresses = ahead.map((image) => ({
    sizes: sizesOf(fitInto(image, stage).width),
    srcset: sourcesOf(image),
  }))
  const wanted = isLoaded && width > 0 ? JSON.stringify(addresses) : undefined
  useEffect(() => {
    if (wanted === undefined || next === '') return
    const images = (JSON.parse(wanted) as typeof addresses).map(({ sizes, srcset }) => {
      const image = new Image()
      image.sizes = sizes
      image.srcset = srcset
      return image
    })
    return () => {
      // What is not wanted any more need not arrive.
      for (const image of images) if (!image.complete) image.srcset = ''
    }
  }, [wanted, next])
  return (
    <div className={classes.stage} ref={ref}>
      <ItemPicture
        item={item}
        isInTrash={false}
        stage={stage}
        shown={width === 0 ? { width: 0, height: 0 } : fitInto(item, stage)}
        zoom={FIT}
        isSmooth={false}
        onLoaded={() => setIsLoaded(true)}
      />
    </div>
  )
}
