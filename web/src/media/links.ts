import type { KnownItem } from './item-query'
import { sourcesOf } from './sources'

/** With `auto`, the server chooses what the browser accepts. */
export const FORMATS = ['webp', 'jpg', 'png', 'auto'] as const
export type Format = (typeof FORMATS)[number]

/**
 * The widths that the server offers, each with the size of the image that it shows. None if it sends `scaled` and `high`
 * alone.
 */
export function listWidths(item: KnownItem) {
  const candidates = (item.urls.srcset ?? sourcesOf(item)).matchAll(/\/w_(\d+)[.,]\S* (\d+)w/g)
  return [...candidates].map(([, step, width]) => ({
    step: Number(step),
    width: Number(width),
    height: Math.max(1, Math.round((item.height * Number(width)) / item.width)),
  }))
}

/** An image in Markdown. One that nobody has described has its name as its text. */
export const toMarkdown = ({ alt, name }: Pick<KnownItem, 'alt' | 'name'>, address: string) =>
  `![${(alt ?? name).replace(/([\\[\]])/g, '\\$1').replace(/\s+/g, ' ')}](${address})`
