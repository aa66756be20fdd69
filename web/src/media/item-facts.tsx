import { Table } from '@mantine/core'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { formatBytes } from './format-bytes'
import classes from './item.module.css'

/** Facts about the original. */
export function Facts({ item }: { item: MediaItem }) {
  const { t, locale } = useMessages()
  const added = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const facts = [
    [t.type, item.type],
    [t.fileSize, formatBytes(item.size, locale)],
    [t.dimensions, `${item.width} × ${item.height}`],
    ...(item.fileName === null ? [] : [[t.fileName, item.fileName]]),
    ...(item.takenAt === null ? [] : [[t.taken, formatTaken(item.takenAt, locale)]]),
    [t.added, added.format(new Date(item.timestamp))],
    ...(item.addedBy === null ? [] : [[t.addedBy, item.addedBy]]),
  ]
  return (
    <Table>
      <Table.Tbody>
        {facts.map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th scope="row">{label}</Table.Th>
            <Table.Td className={classes.fact}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
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
