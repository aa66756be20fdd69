import { Badge, Button, Checkbox, Radio, VisuallyHidden } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import type { MediaItem } from '../api/client'
import { nameCamera } from '../media/camera'
import { formatBytes } from '../media/format-bytes'
import { itemQuery, type KnownItem } from '../media/item-query'
import { useCollections } from '../media/queries'
import { Thumbnail } from '../media/thumbnail'
import { useDeskMessages } from '../messages/desk'
import { useMessages } from '../messages/messages'
import classes from './duplicates.module.css'

/** Lists have no camera. In larger groups, it is not asked for one by one. */
const MAX_DETAILED = 8
/** Sides of a picture, in pixels. */
const [LEAST_BOX, MOST_BOX] = [132, 420]

interface ComparisonProps {
  items: readonly MediaItem[]
  /** The image that is suggested. */
  best: number | undefined
  kept: number | undefined
  /** What is no duplicate. */
  left: ReadonlySet<number>
  isReadOnly: boolean
  onChoose: (id: number) => void
  onLeave: (id: number, isLeft: boolean) => void
  onOpen: (id: number) => void
}

/** The images of a group side by side, with what differs between them. */
export function Comparison(props: ComparisonProps) {
  const { items, best, kept, left, isReadOnly, onChoose, onLeave, onOpen } = props
  const d = useDeskMessages()
  const [showsSame, setShowsSame] = useState(false)
  const { ref, width, height } = useElementSize<HTMLElement>()
  const rows = useRows(items)
  const differing = rows.filter(({ differs }) => differs)
  const same = rows.length - differing.length
  const room = (width - 120) / items.length - 32
  const tall = Math.max(LEAST_BOX, height * 0.5)
  const box = Math.round(Math.min(MOST_BOX, tall, Math.max(LEAST_BOX, room)))
  // Of the tallest picture, so that the lines below begin at the same height.
  const boxHeight = Math.max(
    ...items.map((item) => Math.min(box, Math.ceil((box * item.height) / item.width))),
  )
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable element must be reachable by keyboard
    <section className={classes.compared} ref={ref} tabIndex={0} aria-label={d.differences}>
      <table className={classes.table}>
        <thead>
          <tr>
            <td />
            {items.map((item, index) => (
              <th key={item.id} scope="col" data-kept={item.id === kept || undefined}>
                <div className={classes.image} data-left={left.has(item.id) || undefined}>
                  <button
                    type="button"
                    className={classes.picture}
                    style={{ width: box, height: boxHeight }}
                    aria-label={d.openNamed(item.name)}
                    onClick={() => onOpen(item.id)}
                  >
                    <Thumbnail item={item} box={box} />
                  </button>
                  <div className={classes.choice}>
                    <Radio
                      name="kept"
                      size="sm"
                      checked={item.id === kept}
                      disabled={isReadOnly}
                      onChange={() => onChoose(item.id)}
                      label={
                        <>
                          <span aria-hidden className={classes.nth}>
                            {index + 1}
                          </span>
                          {d.keepThis}
                          <VisuallyHidden> {`${index + 1}: ${item.name}`}</VisuallyHidden>
                        </>
                      }
                    />
                    {item.id === best && (
                      <Badge variant="light" size="sm" tt="none">
                        {d.best}
                      </Badge>
                    )}
                  </div>
                  {items.length > 2 && item.id !== kept && (
                    <Checkbox
                      size="sm"
                      checked={!left.has(item.id)}
                      disabled={isReadOnly}
                      onChange={(event) => onLeave(item.id, !event.currentTarget.checked)}
                      label={
                        <>
                          {d.takePart}
                          <VisuallyHidden> {`${index + 1}: ${item.name}`}</VisuallyHidden>
                        </>
                      }
                    />
                  )}
                </div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows
            .filter(({ differs }) => differs || showsSame)
            .map(({ name, label, values, leading, differs }) => (
              <tr key={name} data-same={!differs || undefined}>
                <th scope="row">{label}</th>
                {values.map((value, index) => (
                  <td
                    key={items[index]?.id}
                    data-kept={items[index]?.id === kept || undefined}
                    data-leading={(differs && leading?.[index]) || undefined}
                  >
                    {value || <span className={classes.none}>{d.none}</span>}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
      {same > 0 && (
        <Button
          mt="xs"
          size="compact-sm"
          variant="subtle"
          aria-expanded={showsSame}
          onClick={() => setShowsSame(!showsSame)}
        >
          {showsSame ? d.hideSame : d.sameRows(same)}
        </Button>
      )}
    </section>
  )
}

/** A line of the comparison. Lines without any value are left out. */
function useRows(items: readonly MediaItem[]) {
  const { t, locale } = useMessages()
  const d = useDeskMessages()
  const collections = useCollections(items.some((item) => item.collections.length > 0))
  const detailed = useQueries({
    queries: items.length > MAX_DETAILED ? [] : items.map(({ id }) => itemQuery(id)),
  })
  const details = new Map<number, KnownItem>(
    detailed.flatMap(({ data }) => (data ? [[data.media.id, data.media]] : [])),
  )
  const times = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const numbers = new Intl.NumberFormat(locale)
  const nameCollection = (id: number) =>
    collections?.find((collection) => collection.id === id)?.path ?? `${id}`
  type Name = keyof typeof d.rows
  const shown: Record<Name, (item: MediaItem) => string | null | undefined> = {
    pixels: ({ width, height }) => `${numbers.format(width)} × ${numbers.format(height)}`,
    bytes: ({ size }) => formatBytes(size, locale),
    format: ({ type }) => t.filterWords[type.replace('image/', '')] ?? type,
    name: ({ name }) => name,
    fileName: ({ fileName }) => fileName,
    taken: ({ takenAt }) => takenAt?.replace('T', ' '),
    camera: ({ id }) => nameCamera(details.get(id)?.exif ?? {}),
    tags: ({ tags }) => tags.join(', '),
    collections: (item) => item.collections.map(nameCollection).join(', '),
    alt: ({ alt }) => (alt === '' ? t.altDecorative : alt),
    description: ({ description }) => description,
    credit: ({ credit }) => credit,
    copyright: ({ copyright }) => copyright,
    source: ({ source }) => source,
    rating: ({ rating }) => (rating > 0 ? t.stars(rating) : ''),
    added: ({ timestamp }) => times.format(new Date(timestamp)),
    addedBy: ({ addedBy }) => addedBy,
  }
  const measured: Partial<Record<Name, (item: MediaItem) => number>> = {
    pixels: ({ width, height }) => width * height,
    bytes: ({ size }) => size,
    rating: ({ rating }) => rating,
  }
  return Object.entries(shown).flatMap(([key, show]) => {
    const name = key as Name
    const values = items.map((item) => show(item) ?? '')
    if (values.every((value) => value === '')) return []
    const measure = measured[name]
    const most = measure && Math.max(...items.map(measure))
    return [
      {
        name,
        label: d.rows[name],
        values,
        differs: new Set(values).size > 1,
        /** Which images are ahead of the others in it. */
        leading: measure && items.map((item) => measure(item) === most),
      },
    ]
  })
}
