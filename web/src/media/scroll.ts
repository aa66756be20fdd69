import type { Virtualizer } from '@tanstack/react-virtual'

/** The height that every browser draws, in CSS pixels: Firefox ends below 18 million. */
const MAX_HEIGHT = 16_000_000
/** The same in pixels of the screen, which Chromium counts. */
const MAX_DEVICE_HEIGHT = 32_000_000

/**
 * How the positions of a scrollbar stand to those of the list behind it. A list that is higher than
 * browsers draw is mapped: the scrollbar spans all of it, and moving it by a pixel moves the list by several.
 */
export function mapScroll(contentHeight: number, viewportHeight: number, pixelRatio = 1) {
  const height = Math.min(contentHeight, MAX_HEIGHT, MAX_DEVICE_HEIGHT / pixelRatio)
  const range = Math.max(height - viewportHeight, 1)
  const ratio = Math.max((contentHeight - viewportHeight) / range, 1)
  return {
    /** Of the element that is scrolled, in pixels. */
    height,
    toContent: (scrollTop: number) => scrollTop * ratio,
    toScroll: (offset: number) => offset / ratio,
  }
}

type RowVirtualizer = Virtualizer<HTMLDivElement, Element>

/** Makes a virtualizer see the list's own offset instead of the scrollbar's. */
export const mappedOffset =
  (map: () => ReturnType<typeof mapScroll>) =>
  (instance: RowVirtualizer, notice: (offset: number, isScrolling: boolean) => void) => {
    const element = instance.scrollElement
    if (!element) return
    let settled: ReturnType<typeof setTimeout> | undefined
    const follow = () => {
      notice(map().toContent(element.scrollTop), true)
      clearTimeout(settled)
      settled = setTimeout(() => notice(map().toContent(element.scrollTop), false), 150)
    }
    notice(map().toContent(element.scrollTop), false)
    element.addEventListener('scroll', follow, { passive: true })
    return () => {
      clearTimeout(settled)
      element.removeEventListener('scroll', follow)
    }
  }
