import { Table } from '@mantine/core'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'

/** Facts about the original. */
export function Facts({ item }: { item: MediaItem }) {
  const { t, locale } = useMessages()
  const bytes = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: item.size < 1e6 ? 'kilobyte' : 'megabyte',
    maximumFractionDigits: 1,
  }).format(item.size / (item.size < 1e6 ? 1e3 : 1e6))
  const added = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const facts = [
    [t.type, item.type],
    [t.fileSize, bytes],
    [t.dimensions, `${item.width} × ${item.height}`],
    [t.added, added.format(new Date(item.timestamp))],
  ]
  return (
    <Table>
      <Table.Tbody>
        {facts.map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th scope="row">{label}</Table.Th>
            <Table.Td>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
