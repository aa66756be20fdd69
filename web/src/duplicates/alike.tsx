import { Button, Loader, SegmentedControl, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, call } from '../api/client'
import { explainRefusal } from '../media/item-edit'
import { Thumbnail } from '../media/thumbnail'
import { useDeskMessages } from '../messages/desk'
import { useMessages } from '../messages/messages'
import classes from './alike.module.css'

const BYS = ['image', 'color'] as const
type By = (typeof BYS)[number]

/** How many images are shown. */
const SHOWN = 24
/** Side of a picture, in pixels. */
const BOX = 88

interface AlikeProps {
  id: number
  onShow: (id: number) => void
}

/** The images that look like one, the nearest first. The server is asked when the user wants to see them. */
export function Alike({ id, onShow }: AlikeProps) {
  const { t, locale } = useMessages()
  const d = useDeskMessages()
  const [isOpen, setIsOpen] = useState(false)
  const [by, setBy] = useState<By>('image')
  const { data, error } = useQuery({
    queryKey: ['media', 'alike', id, by],
    queryFn: async ({ signal }) => {
      const params = { path: { id }, query: { by, limit: SHOWN } }
      return (await call(api.GET('/media/item/{id}/alike', { params, signal }))).data.alike
    },
    enabled: isOpen,
  })
  const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 })
  if (!isOpen) {
    return (
      <Button variant="default" size="compact-sm" onClick={() => setIsOpen(true)}>
        {d.alike}
      </Button>
    )
  }
  return (
    <section className={classes.alike} aria-labelledby="alike">
      <Title order={3} size="h6" id="alike">
        {d.alike}
      </Title>
      <SegmentedControl
        size="xs"
        transitionDuration={0}
        aria-label={d.alikeBy}
        value={by}
        onChange={setBy}
        data={[
          { value: 'image', label: d.byImage },
          { value: 'color', label: d.byColor },
        ]}
      />
      {data === undefined ? (
        error ? (
          <Text size="sm" c="red" role="alert">
            {explainRefusal(error, t)}
          </Text>
        ) : (
          <Loader size="sm" aria-label={t.loading} role="status" />
        )
      ) : data.length === 0 ? (
        <Text size="sm">{d.noneAlike}</Text>
      ) : (
        <ul className={classes.list} aria-labelledby="alike">
          {data.map(({ media, distance }) => (
            <li key={media.id}>
              <button type="button" title={media.name} onClick={() => onShow(media.id)}>
                <span className={classes.picture} style={{ width: BOX, height: BOX }}>
                  <Thumbnail item={media} box={BOX} />
                </span>
                <span className={classes.name}>{media.name}</span>
                <Text component="span" size="xs" c="dimmed">
                  {d.distance(format.format(distance))}
                </Text>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
