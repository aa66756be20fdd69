import { Button, CopyButton, Group, Table } from '@mantine/core'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'

/** What is known of the original. */
export function Facts({ item }: { item: MediaItem }) {
  const { t, language } = useMessages()
  const bytes = new Intl.NumberFormat(language, {
    style: 'unit',
    unit: item.size < 1e6 ? 'kilobyte' : 'megabyte',
    maximumFractionDigits: 1,
  }).format(item.size / (item.size < 1e6 ? 1e3 : 1e6))
  const added = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
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

/** Ways to put the image elsewhere. */
export function Links({ item }: { item: MediaItem }) {
  const { t } = useMessages()
  const { name, urls } = item
  const scaled = new URL(urls.scaled, location.href).href
  const high = new URL(urls.high, location.href).href
  const { width, height } = fitInto(item, 2560)
  const copies = [
    [t.copyScaled, scaled],
    [t.copyHigh, high],
    [t.copyMarkdown, `![${name.replace(/([\\[\]])/g, '\\$1')}](${high})`],
    [
      t.copyHtml,
      `<img src="${high}" width="${width}" height="${height}" alt="${escapeHtml(name)}">`,
    ],
  ] as const
  return (
    <Group gap="xs">
      {copies.map(([label, value]) => (
        <CopyButton key={label} value={value}>
          {({ copied, copy }) => (
            <Button variant="default" size="compact-sm" onClick={copy}>
              {copied ? t.copied : label}
            </Button>
          )}
        </CopyButton>
      ))}
      <Button
        component="a"
        href={`/media/original/${item.id}`}
        download
        variant="default"
        size="compact-sm"
      >
        {t.download}
      </Button>
    </Group>
  )
}

/** What `high` measures: never enlarged. */
function fitInto({ width, height }: MediaItem, fit: number) {
  const scale = Math.min(1, fit / Math.max(width, height))
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
