import type { Virtualizer } from '@tanstack/react-virtual'

/** Maximum height that every browser supports, in CSS pixels: the limit of Firefox is below 18 million. */
const MAX_HEIGHT = 16_000_000
/** Maximum height in device pixels, in which Chromium has its limit. */
const MAX_DEVICE_HEIGHT = 32_000_000

/**
 * Maps scrollbar positions to offsets in the list and back. For a list higher than browsers support, the
 * scrollbar still spans the whole list, and one pixel of the scrollbar moves the list by several.
 */
export function mapScroll(contentHeight: number, viewportHeight: number, pixelRatio = 1) {
  const height = Math.min(contentHeight, MAX_HEIGHT, MAX_DEVICE_HEIGHT / pixelRatio)
  const range = Math.max(height - viewportHeight, 1)
  const ratio = Math.max((contentHeight - viewportHeight) / range, 1)
  return {
    /** Height of the scrolled element, in pixels. */
    height,
    toContent: (scrollTop: number) => scrollTop * ratio,
    toScroll: (offset: number) => offset / ratio,
  }
}

type RowVirtualizer = Virtualizer<HTMLDivElement, Element>

/** Makes a virtualizer observe the offset in the list instead of the scrollbar position. */
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
