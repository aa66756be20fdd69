import { Anchor, Table } from '@mantine/core'
import type { ReactNode } from 'react'
import { useMessages } from '../messages/messages'
import { describeExposure, nameCamera } from './camera'
import { formatBytes } from './format-bytes'
import classes from './item.module.css'
import type { KnownItem } from './item-query'

/** Facts about the original. */
export function Facts({ item }: { item: KnownItem }) {
  const { t, locale } = useMessages()
  const added = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const camera = item.exif ?? {}
  const facts: (readonly [string, ReactNode])[] = [
    [t.type, item.type],
    [t.fileSize, formatBytes(item.size, locale)],
    [t.dimensions, `${item.width} × ${item.height}`],
    [t.fileName, item.fileName],
    [t.taken, item.takenAt && formatTaken(item.takenAt, locale)],
    [t.camera, nameCamera(camera)],
    [t.lens, camera.lens],
    [t.exposure, describeExposure(camera, locale)],
    [t.software, camera.software],
    [t.place, item.location && <Place {...item.location} />],
    [t.added, added.format(new Date(item.timestamp))],
    [t.addedBy, item.addedBy],
  ]
  return (
    <Table>
      <Table.Tbody>
        {facts.filter(hasValue).map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th scope="row">{label}</Table.Th>
            <Table.Td className={classes.fact}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

const hasValue = ([, value]: readonly [string, ReactNode]) => Boolean(value)

/** Of the map's address: shows a few streets. */
const ZOOM = 15

/** A place with a link to a map. The map's server learns the place only if the link is followed. */
function Place({ lat, lon }: { lat: number; lon: number }) {
  const { t, locale } = useMessages()
  const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 5 })
  const href = `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=${ZOOM}/${lat}/${lon}`
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" title={t.showOnMap} inherit>
      {format.format(lat)}°, {format.format(lon)}°
    </Anchor>
  )
}

/** The local time at the place of the camera, as it was written; with its zone if that is known. */
function formatTaken(takenAt: string, locale: string): string {
  const [, local = '', zone = ''] = /^(.{19})(.*)$/.exec(takenAt) ?? []
  const format = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  const time = format.format(new Date(`${local}Z`))
  return zone === '' ? time : `${time} (UTC${zone === 'Z' ? '' : zone.replace('-', '−')})`
}
