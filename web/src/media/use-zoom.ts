import { useElementSize, useMergedRef } from '@mantine/hooks'
import { useCallback, useEffect, useRef, useState } from 'react'
import { FIT, fitInto, keepInside, type Point, type Size, type Zoom, zoomAround } from './zoom'

/** How far one can always go in, if the image has the pixels or not. */
const LEAST_MOST = 4
/** Pixels of the screen for one of the image at most. */
const MOST_ENLARGED = 3
/** How far a double tap goes in, at least and at most. */
const [LEAST_TAP, MOST_TAP] = [2, 3]

interface ZoomState extends Zoom {
  id: number
  /** False while it follows a finger or a wheel, which are smooth by themselves. */
  isSmooth: boolean
}

/**
 * Zooming and moving one image on its stage. Another image begins whole.
 * @param image what it measures, in pixels
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
      // What comes before the next drawing goes on from here.
      latest.current.zoom = { ...inside, id, isSmooth }
      setState(latest.current.zoom)
    },
    [id],
  )
  /** @param point from the middle of the stage, which it is unless said otherwise */
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
  /** In to about where one pixel is one, and back. */
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

  /** A place on the screen, from the middle of the stage. */
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
      // Some mice count lines. A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1
      const speed = event.ctrlKey ? 0.01 : 0.002
      zoomBy(Math.exp(-event.deltaY * pixels * speed), toPoint(event), false)
    }
    // React's own listener could not keep the page from scrolling.
    element.addEventListener('wheel', turn, { passive: false })
    return () => element.removeEventListener('wheel', turn)
  }, [zoomBy, toPoint])

  return {
    ref: useMergedRef(stage, sizeRef),
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
