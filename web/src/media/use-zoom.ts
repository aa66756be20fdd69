import { useElementSize, useMergedRef } from '@mantine/hooks'
import { useCallback, useEffect, useRef, useState } from 'react'
import { FIT, fitInto, keepInside, type Point, type Size, type Zoom, zoomAround } from './zoom'

/** Maximum zoom factor that is always available, even if the image has too few pixels for it. */
const LEAST_MOST = 4
/** Maximum size of one image pixel on the screen, in CSS pixels. */
const MOST_ENLARGED = 3
/** Minimum and maximum zoom factor of a double tap. */
const [LEAST_TAP, MOST_TAP] = [2, 3]

interface ZoomState extends Zoom {
  id: number
  /** False while the image follows a finger or a wheel, which move smoothly by themselves. */
  isSmooth: boolean
}

/**
 * Zooms and moves one image on its stage. A new image starts unzoomed.
 * @param image its size, in pixels
 */
export function useZoom(id: number, image: Size) {
  const { ref: sizeRef, width, height } = useElementSize<HTMLDivElement>()
  const stage = useRef<HTMLDivElement>(null)
  const [state, setState] = useState<ZoomState>({ ...FIT, id, isSmooth: false })
  const zoom = state.id === id ? state : { ...FIT, id, isSmooth: false }

  const shown = fitInto(image, { width, height })
  const most = Math.max(LEAST_MOST, (MOST_ENLARGED * image.width) / Math.max(1, shown.width))
  const latest = useRef({ zoom, shown, most, width, height })
  latest.current = { zoom, shown, most, width, height }

  const change = useCallback(
    (next: (current: Zoom) => Zoom, isSmooth: boolean) => {
      const { zoom: current, shown: size, most: limit, ...room } = latest.current
      const inside = keepInside(next(current), size, room, limit)
      // Events before the next rendering continue from here.
      latest.current.zoom = { ...inside, id, isSmooth }
      setState(latest.current.zoom)
    },
    [id],
  )
  /** @param point centre of the zoom, from the middle of the stage; by default the middle itself */
  const zoomBy = useCallback(
    (factor: number, point: Point = { x: 0, y: 0 }, isSmooth = true) =>
      change((current) => {
        const scale = Math.min(latest.current.most, Math.max(1, current.scale * factor))
        return zoomAround(current, scale, point)
      }, isSmooth),
    [change],
  )
  const panBy = useCallback(
    (x: number, y: number, isSmooth = false) =>
      change((current) => ({ ...current, x: current.x + x, y: current.y + y }), isSmooth),
    [change],
  )
  const reset = useCallback(() => change(() => FIT, true), [change])
  /** Zooms in to about one screen pixel per image pixel, or back to the whole image. */
  const toggle = useCallback(
    (point: Point) => {
      const { zoom: current, shown: size } = latest.current
      if (current.scale > 1) reset()
      else {
        const factor = image.width / Math.max(1, size.width)
        zoomBy(Math.min(MOST_TAP, Math.max(LEAST_TAP, factor)), point)
      }
    },
    [reset, zoomBy, image.width],
  )

  /** The position of an event, from the middle of the stage. */
  const toPoint = useCallback((event: { clientX: number; clientY: number }): Point => {
    const box = stage.current?.getBoundingClientRect() ?? new DOMRect()
    return {
      x: event.clientX - box.left - box.width / 2,
      y: event.clientY - box.top - box.height / 2,
    }
  }, [])

  useEffect(() => {
    const element = stage.current
    if (!element) return
    const turn = (event: WheelEvent) => {
      event.preventDefault()
      // Some mice report lines. A touchpad pinch arrives as a wheel event with Ctrl, in small steps.
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1
      const speed = event.ctrlKey ? 0.01 : 0.002
      zoomBy(Math.exp(-event.deltaY * pixels * speed), toPoint(event), false)
    }
    // React registers a passive listener, which cannot prevent scrolling.
    element.addEventListener('wheel', turn, { passive: false })
    return () => element.removeEventListener('wheel', turn)
  }, [zoomBy, toPoint])

  return {
    ref: useMergedRef(stage, sizeRef),
    /** Size of the stage; zero until it is known. */
    stage: { width, height },
    zoom,
    shown,
    isZoomed: zoom.scale > 1,
    isMost: zoom.scale >= most,
    zoomBy,
    panBy,
    reset,
    toggle,
    toPoint,
  }
}

export type ZoomTools = ReturnType<typeof useZoom>
