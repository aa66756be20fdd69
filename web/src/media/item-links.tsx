import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { modals } from '@mantine/modals'
import { at } from '../api/base'
import type { MediaItem } from '../api/client'
import { copyText } from '../copy-text'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { fitInto } from './zoom'

/** The variant `high` fits into this size, in pixels. */
const HIGH = { width: 2560, height: 2560 }

interface LinksProps {
  item: MediaItem
  /** False in the trash, where the addresses show nothing. */
  isPublic: boolean
}

/** Buttons that copy links to the image, and a link that downloads the original. */
export function Links({ item, isPublic }: LinksProps) {
  const { t } = useMessages()
  const { urls } = item
  const alt = item.alt ?? item.name
  const scaled = new URL(urls.scaled, location.href).href
  const high = new URL(urls.high, location.href).href
  const size = fitInto(item, HIGH)
  const [width, height] = [
    Math.max(1, Math.round(size.width)),
    Math.max(1, Math.round(size.height)),
  ]
  const copies = [
    [t.copyScaled, scaled],
    [t.copyHigh, high],
    [t.copyMarkdown, `![${alt.replace(/([\\[\]])/g, '\\$1').replace(/\s+/g, ' ')}](${high})`],
    [
      t.copyHtml,
      `<img src="${high}" width="${width}" height="${height}" alt="${escapeHtml(alt)}">`,
    ],
  ] as const

  const copy = async (label: string, text: string) => {
    if (await copyText(text)) {
      // A notification, since a longer label would move the other buttons.
      notify(t.copied, { autoClose: 2000 })
      return
    }
    modals.open({
      title: label,
      closeButtonProps: { 'aria-label': t.close },
      children: (
        <Stack gap="xs">
          <Text size="sm">{t.copyByHand}</Text>
          <Textarea
            aria-label={label}
            value={text}
            readOnly
            autosize
            data-autofocus
            onFocus={(event) => event.currentTarget.select()}
          />
        </Stack>
      ),
    })
  }
  return (
    <Group gap="xs">
      {isPublic &&
        copies.map(([label, text]) => (
          <Button
            key={label}
            variant="default"
            size="xs"
            fw={500}
            onClick={() => copy(label, text)}
          >
            {label}
          </Button>
        ))}
      <Button
        component="a"
        href={at(`/media/original/${item.id}`)}
        download
        variant="default"
        size="xs"
        fw={500}
      >
        {t.download}
      </Button>
    </Group>
  )
}

const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
