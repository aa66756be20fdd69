import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { at } from '../api/base'
import { ApiError, type MediaItem } from '../api/client'
import classes from './item.module.css'
import { findTiles, type Tile, type TileGrid } from './tiles'
import type { Size, Zoom } from './zoom'

/** Delay before tiles are requested, so that places that are passed cost nothing. */
const SETTLED_MS = 120
/** Delay before a failed tile is requested again, and how often that is done. */
const RETRY_MS = 2_000
const MOST_RETRIES = 3

interface ItemTilesProps {
  item: MediaItem
  isInTrash: boolean
  stage: Size
  /** Size of the whole image at scale 1. */
  shown: Size
  zoom: Zoom
  /** Called if the server has no tiles. */
  onMissing: () => void
}

/** Tiles of the visible part of a large image, in full resolution. They lie over the whole image. */
export function ItemTiles({ item, isInTrash, stage, shown, zoom, onMissing }: ItemTilesProps) {
  const [settled] = useDebouncedValue(zoom, SETTLED_MS)
  const base = at(`/media/item/${item.id}/iiif`)
  const search = isInTrash ? '?in=trash' : ''
  const { data: grid, isError } = useQuery({
    // The template changes with the file.
    queryKey: ['tiles', item.id, item.urls.template],
    queryFn: ({ signal }) => readGrid(`${base}/info.json${search}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
  })
  useEffect(() => {
    if (isError) onMissing()
  }, [isError, onMissing])
  if (!grid) return null
  return findTiles(grid, { stage, shown, zoom: settled }, devicePixelRatio).map((tile) => {
    const { left, top, width, height, sent } = tile
    const address = `${base}/${left},${top},${width},${height}/${sent.width},${sent.height}/0/default.jpg${search}`
    return <TileImage key={address} address={address} grid={grid} tile={tile} />
  })
}

interface TileImageProps {
  address: string
  grid: Size
  tile: Tile
}

function TileImage({ address, grid, tile: { left, top, width, height } }: TileImageProps) {
  const [failures, setFailures] = useState(0)
  const [tries, setTries] = useState(0)
  useEffect(() => {
    if (failures === 0 || failures > MOST_RETRIES) return
    const timer = setTimeout(() => setTries(failures), RETRY_MS * failures)
    return () => clearTimeout(timer)
  }, [failures])
  const part = (pixels: number, whole: number) => `${(100 * pixels) / whole}%`
  return (
    <img
      // A new element requests the tile again.
      key={tries}
      className={classes.tile}
      data-testid="tile"
      src={address}
      alt=""
      draggable={false}
      style={{
        left: part(left, grid.width),
        top: part(top, grid.height),
        width: part(width, grid.width),
        height: part(height, grid.height),
      }}
      onError={() => setFailures((count) => count + 1)}
    />
  )
}

/** @throws ApiError if the server has no tiles of the image; TypeError if it could not be reached */
async function readGrid(address: string, signal: AbortSignal): Promise<TileGrid> {
  const response = await fetch(address, { signal })
  if (!response.ok) throw new ApiError(response.status, response.statusText)
  const { width, height, tiles } = (await response.json()) as ImageInformation
  const [{ width: tile, scaleFactors: factors }] = tiles
  return { width, height, tile, factors }
}

/** What the page needs of `info.json` (https://iiif.io/api/image/3.0/#5-image-information). */
interface ImageInformation extends Size {
  tiles: [{ width: number; scaleFactors: number[] }]
}
