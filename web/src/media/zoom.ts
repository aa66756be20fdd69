/** Scale of an image on its stage, and the offset of its middle from that of the stage, in pixels. */
export interface Zoom {
  scale: number
  x: number
  y: number
}

export interface Point {
  x: number
  y: number
}

export interface Size {
  width: number
  height: number
}

/** The whole image, centred. */
export const FIT: Zoom = { scale: 1, x: 0, y: 0 }

/** Size of an image when it fits the stage as a whole. It is never enlarged. */
export function fitInto({ width, height }: Size, stage: Size): Size {
  const scale = Math.min(1, stage.width / width, stage.height / height)
  return { width: width * scale, height: height * scale }
}

/**
 * Changes the scale, and keeps the same spot of the image under `point`.
 * @param point from the middle of the stage
 */
export function zoomAround(zoom: Zoom, scale: number, point: Point): Zoom {
  const factor = scale / zoom.scale
  return {
    scale,
    x: point.x - (point.x - zoom.x) * factor,
    y: point.y - (point.y - zoom.y) * factor,
  }
}

/** Limits a zoom: the scale to between 1 and `most`, and the offset so that no gap opens beside the image. */
export function keepInside(zoom: Zoom, shown: Size, stage: Size, most: number): Zoom {
  const scale = Math.min(most, Math.max(1, zoom.scale))
  const reachX = Math.max(0, (shown.width * scale - stage.width) / 2)
  const reachY = Math.max(0, (shown.height * scale - stage.height) / 2)
  return {
    scale,
    x: Math.min(reachX, Math.max(-reachX, zoom.x)),
    y: Math.min(reachY, Math.max(-reachY, zoom.y)),
  }
}
